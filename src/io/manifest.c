/* manifest.c - prints and reads manifests. */
#include "io/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/log.h"
#include "base/version.h"
#include "io/path.h"

char *manifest_of_file(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  Buf text = {0};
  buf_printf(&text, "%.*s_%s" MANIFEST_SINGLE_END, (int)(name - path), path, name);
  char *copy = path_copy(str_make(text.data, text.len));
  buf_free(&text);
  return copy;
}

bool manifest_is_name(const char *name) {
  return strcmp(name, MANIFEST_NAME) == 0 || (name[0] == '_' && str_ends(str_of(name), str_of(MANIFEST_SINGLE_END)));
}

void manifest_add(Manifest *manifest, ManifestFile file) {
  VEC_GROW(manifest->files, manifest->count, manifest->cap);
  manifest->files[manifest->count++] = file;
}

static int by_path(const void *a, const void *b) { return strcmp(((const ManifestFile *)a)->path, ((const ManifestFile *)b)->path); }

void manifest_sort(Manifest *manifest) {
  if (manifest->count) qsort(manifest->files, manifest->count, sizeof *manifest->files, by_path);
}

ManifestFile *manifest_find(const Manifest *manifest, const char *path) {
  ManifestFile key = {.path = (char *)(uintptr_t)path};
  return manifest->count ? bsearch(&key, manifest->files, manifest->count, sizeof key, by_path) : NULL;
}

void manifest_free(Manifest *manifest) {
  for (size_t i = 0; i < manifest->count; i++) dc_free(manifest->files[i].path);
  dc_free(manifest->files);
  *manifest = (Manifest){0};
}

/* ---- printing ---- */

static void put_now(Buf *out) {
  const char *fixed = getenv("SOURCE_DATE_EPOCH");
  time_t now = fixed && *fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
  struct tm parts;
  char text[64];
  if (gmtime_r(&now, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)) buf_text(out, text);
}

static void put_rows(Buf *out, uint64_t rows) {
  if (rows == MANIFEST_ROWS_UNKNOWN) buf_text(out, "null");
  else buf_printf(out, "%llu", (unsigned long long)rows);
}

void manifest_print(const Manifest *manifest, Str columns, Buf *out) {
  uint64_t rows = 0, bytes = 0;
  for (size_t i = 0; i < manifest->count; i++) {
    const ManifestFile *file = &manifest->files[i];
    rows = rows == MANIFEST_ROWS_UNKNOWN || file->rows == MANIFEST_ROWS_UNKNOWN ? MANIFEST_ROWS_UNKNOWN : rows + file->rows;
    bytes += file->bytes;
  }
  buf_text(out, "{\n  \"created_by\": \"dcetl " DCETL_VERSION "\",\n  \"created\": \"");
  put_now(out);
  buf_printf(out, "\",\n  \"columns\": %.*s,\n  \"rows\": ", STR_ARG(columns));
  put_rows(out, rows);
  buf_printf(out, ",\n  \"bytes\": %llu,\n  \"files\": [", (unsigned long long)bytes);
  for (size_t i = 0; i < manifest->count; i++) {
    const ManifestFile *file = &manifest->files[i];
    buf_text(out, i ? ",\n    {\"path\": " : "\n    {\"path\": ");
    json_put(out, str_of(file->path));
    buf_text(out, ", \"rows\": ");
    put_rows(out, file->rows);
    buf_printf(out, ", \"bytes\": %llu, \"%s\": \"%s\"}", (unsigned long long)file->bytes, checksum_name(file->kind), file->sum);
  }
  buf_text(out, manifest->count ? "\n  ]\n}\n" : "]\n}\n");
}

/* ---- reading ---- */

/* A relative path, all of whose parts are names. */
static bool is_inside(const char *path) {
  for (const char *part = path; part; part = strchr(part, '/')) {
    part += part != path;
    if (!*part || *part == '/' || (part[0] == '.' && (!part[1] || part[1] == '/' || (part[1] == '.' && (!part[2] || part[2] == '/'))))) return false;
  }
  return true;
}

static bool read_entry(yyjson_val *entry, Manifest *out) {
  yyjson_val *path = yyjson_obj_get(entry, "path"), *rows = yyjson_obj_get(entry, "rows"), *bytes = yyjson_obj_get(entry, "bytes");
  if (!yyjson_is_str(path) || strlen(yyjson_get_str(path)) != yyjson_get_len(path) || !is_inside(yyjson_get_str(path)) || !yyjson_is_uint(bytes)) return false;
  ManifestFile file = {.rows = yyjson_is_uint(rows) ? yyjson_get_uint(rows) : MANIFEST_ROWS_UNKNOWN, .bytes = yyjson_get_uint(bytes)};
  for (int kind = CHECKSUM_SHA256; kind > CHECKSUM_NONE && !file.kind; kind--) {
    yyjson_val *sum = yyjson_obj_get(entry, checksum_name((ChecksumKind)kind));
    if (!yyjson_is_str(sum) || yyjson_get_len(sum) >= CHECKSUM_HEX) continue;
    file.kind = (ChecksumKind)kind;
    memcpy(file.sum, yyjson_get_str(sum), yyjson_get_len(sum));
  }
  if (!file.kind) return false;
  file.path = path_copy(str_of(yyjson_get_str(path)));
  manifest_add(out, file);
  return true;
}

static bool read_entries(yyjson_val *list, Manifest *out) {
  size_t at, most;
  yyjson_val *entry;
  if (!yyjson_is_arr(list)) return false;
  yyjson_arr_foreach(list, at, most, entry)
    if (!read_entry(entry, out)) return false;
  return true;
}

static DcCode read_document(const char *path, yyjson_doc *document, Manifest *out, DcError *err) {
  bool ok = document && read_entries(yyjson_obj_get(yyjson_doc_get_root(document), "files"), out);
  yyjson_doc_free(document);
  manifest_sort(out);
  if (ok) return DC_OK;
  manifest_free(out);
  dc_fail(err, "%s is no manifest of dcetl", path);
  dc_hint(err, "a manifest lists \"files\" with \"path\", \"bytes\" and \"sha256\" or \"xxh128\"");
  return err->code;
}

DcCode manifest_parse(const char *path, Str text, Manifest *out, DcError *err) {
  *out = (Manifest){0};
  return read_document(path, yyjson_read(text.data ? text.data : "", text.len, 0), out, err);
}

DcCode manifest_read(const char *path, Manifest *out, bool *found, DcError *err) {
  *out = (Manifest){0};
  *found = access(path, F_OK) == 0;
  if (!*found && (errno == ENOENT || errno == ENOTDIR)) return DC_OK;
  yyjson_read_err wrong = {0};
  yyjson_doc *document = yyjson_read_file(path, 0, NULL, &wrong);
  if (!document && wrong.code == YYJSON_READ_ERROR_FILE_OPEN) return dc_fail(err, "cannot open %s", path);
  return read_document(path, document, out, err);
}
