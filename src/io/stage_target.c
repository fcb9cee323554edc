/* stage_target.c - what is at the target of a stage already, on the disk or elsewhere. */
#include <errno.h>

#include "io/manifest.h"
#include "io/stage_internal.h"

DcCode stage_look(Stage *stage, const char *path, StageTarget *out, DcError *err) {
  struct stat status;
  if (stage->store) return stage_store_look(stage, path, out, err);
  *out = (StageTarget){.kind = TARGET_NONE};
  if (stat(path, &status) != 0 && lstat(path, &status) != 0) { /* a link that leads nowhere is there, too */
    if (errno == ENOENT || errno == ENOTDIR) return DC_OK;
    return dc_fail_errno(err, errno, "cannot look at %s", path);
  }
  if (S_ISREG(status.st_mode)) *out = (StageTarget){TARGET_FILE, (uint64_t)status.st_size};
  else out->kind = S_ISDIR(status.st_mode) ? TARGET_FOLDER : TARGET_OTHER;
  return DC_OK;
}

DcCode stage_names(Stage *stage, const char *path, char ***out, DcError *err) {
  int error = 0;
  if (stage->store) return stage_store_names(stage, path, out, err);
  *out = folder_list(path, &error);
  return error && error != ENOENT ? dc_fail_errno(err, error, "cannot read folder %s", path) : DC_OK;
}

typedef struct Summing {
  Checksum *sum;
  uint64_t bytes;
} Summing;

static bool add_sum(void *self, const void *data, size_t len) {
  Summing *summing = self;
  checksum_add(summing->sum, data, len);
  summing->bytes += len;
  return true;
}

DcCode stage_sum(Stage *stage, const char *path, ChecksumKind kind, char out[CHECKSUM_HEX], uint64_t *bytes, DcError *err) {
  if (!stage->store) return checksum_file(path, kind, out, bytes, err);
  Summing summing = {.sum = checksum_new(kind)};
  DcCode code = stage_store_read(stage, path, add_sum, &summing, err);
  checksum_end(summing.sum, out);
  checksum_free(summing.sum);
  *bytes = summing.bytes;
  return code;
}

static bool add_text(void *self, const void *data, size_t len) {
  buf_put(self, data, len);
  return true;
}

DcCode stage_manifest(Stage *stage, const char *path, Manifest *out, bool *found, DcError *err) {
  StageTarget target;
  Buf text = {0};
  if (!stage->store) return manifest_read(path, out, found, err);
  *out = (Manifest){0};
  *found = false;
  DC_TRY(stage_store_look(stage, path, &target, err));
  if (target.kind != TARGET_FILE) return DC_OK;
  *found = true;
  DcCode code = stage_store_read(stage, path, add_text, &text, err);
  if (code == DC_OK) code = manifest_parse(path, str_make(text.data, text.len), out, err);
  buf_free(&text);
  return code;
}
