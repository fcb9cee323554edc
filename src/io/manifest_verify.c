/* manifest_verify.c - are the files of an output those that its manifest lists? */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "io/folder.h"
#include "io/manifest.h"
#include "io/path.h"
#include "io/stage.h"

typedef struct Verifier {
  void (*tell)(void *self, const char *text);
  void *self;
  uint64_t manifests, files;
  DcError *err;
} Verifier;

static void tell(Verifier *verifier, const char *path, const char *format, ...) DC_PRINTF(3, 4);

static void tell(Verifier *verifier, const char *path, const char *format, ...) {
  va_list args;
  char what[256];
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  Buf line = {0};
  buf_printf(&line, "%s: %s", path, what);
  verifier->tell(verifier->self, line.data);
  buf_free(&line);
}

static void verify_file(Verifier *verifier, const ManifestFile *file, const char *path) {
  char sum[CHECKSUM_HEX];
  uint64_t bytes = 0;
  struct stat status;
  DcError err = {0};
  verifier->files++;
  if (stat(path, &status) != 0) tell(verifier, path, errno == ENOENT ? "missing" : "cannot be read");
  else if ((uint64_t)status.st_size != file->bytes) tell(verifier, path, "%lld bytes, not %llu", (long long)status.st_size, (unsigned long long)file->bytes);
  else if (checksum_file(path, file->kind, sum, &bytes, &err) != DC_OK) tell(verifier, path, "%.200s", err.message);
  else if (strcmp(sum, file->sum) != 0) tell(verifier, path, "other content (%s)", checksum_name(file->kind));
}

/* Visible files of a folder that its manifest does not list. */
static DcCode find_others(Verifier *verifier, const Manifest *manifest, const char *folder) {
  int error = 0;
  char **names = folder_list(folder, &error);
  if (error) dc_fail_errno(verifier->err, error, "cannot read folder %s", folder);
  for (size_t i = 0; names[i]; i++) {
    struct stat status;
    char *path = path_join(folder, str_of(names[i]));
    bool visible = names[i][0] != '.' && names[i][0] != '_' && stat(path, &status) == 0 && S_ISREG(status.st_mode);
    if (visible && !manifest_find(manifest, names[i])) tell(verifier, path, "not in the manifest");
    dc_free(path);
  }
  folder_free_list(names);
  return verifier->err->code;
}

static DcCode verify_manifest(Verifier *verifier, const char *path) {
  Manifest manifest;
  bool found;
  DC_TRY(manifest_read(path, &manifest, &found, verifier->err));
  if (!found) return dc_fail_errno(verifier->err, ENOENT, "cannot open %s", path);
  char *folder = path_copy(path_folder(str_of(path)));
  verifier->manifests++;
  DcCode code = checksum_prepare(manifest.count ? manifest.files[0].kind : CHECKSUM_NONE, verifier->err);
  for (size_t i = 0; i < manifest.count && code == DC_OK; i++) {
    char *file = strchr(path, '/') ? path_join(folder, str_of(manifest.files[i].path)) : path_copy(str_of(manifest.files[i].path));
    verify_file(verifier, &manifest.files[i], file);
    dc_free(file);
  }
  if (code == DC_OK && str_is(path_base(str_of(path)), MANIFEST_NAME)) code = find_others(verifier, &manifest, folder);
  manifest_free(&manifest);
  dc_free(folder);
  return code;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static DcCode verify_folder(Verifier *verifier, const char *folder) {
  int error = 0;
  size_t count = 0;
  char **names = folder_list(folder, &error);
  if (error) dc_fail_errno(verifier->err, error, "cannot read folder %s", folder);
  while (names[count]) count++;
  qsort(names, count, sizeof *names, by_text);
  for (size_t i = 0; i < count && verifier->err->code == DC_OK; i++) {
    struct stat status;
    char *path = path_join(folder, str_of(names[i]));
    if (manifest_is_name(names[i])) verify_manifest(verifier, path);
    else if (names[i][0] != '.' && lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) verify_folder(verifier, path);
    dc_free(path);
  }
  folder_free_list(names);
  return verifier->err->code;
}

DcCode manifest_verify(const char *path, void (*tell_difference)(void *self, const char *text), void *self, uint64_t *files, DcError *err) {
  Verifier verifier = {.tell = tell_difference, .self = self, .err = err};
  DC_TRY(stage_settle(path, err));
  DC_TRY(folder_is(path) ? verify_folder(&verifier, path) : verify_manifest(&verifier, path));
  *files += verifier.files;
  if (verifier.manifests) return DC_OK;
  dc_fail(err, "there is no manifest below %s", path);
  dc_hint(err, "COPY … csv(@manifest = TRUE) INTO … writes one");
  return err->code;
}
