/* diagnostics.c - the list of errors and warnings, and reading script files. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lang/parse.h"

void diagnostics_add(Diagnostics *list, const DcError *item, bool warning) {
  size_t cap = list->cap;
  VEC_GROW(list->items, list->count, list->cap);
  if (cap != list->cap) list->warnings = dc_realloc(list->warnings, list->cap * sizeof *list->warnings);
  list->items[list->count] = *item;
  list->warnings[list->count] = warning;
  list->count++;
  if (!warning) list->errors++;
}

void diagnostics_free(Diagnostics *list) {
  dc_free(list->items);
  dc_free(list->warnings);
  *list = (Diagnostics){0};
}

/* One allocation: the source, its name, its text. */
Source *source_from_text(const char *name, Str text) {
  size_t name_size = strlen(name) + 1;
  Source *source = dc_alloc(sizeof *source + name_size + text.len + 1);
  char *copy = (char *)(source + 1);
  memcpy(copy, name, name_size);
  if (text.len) memcpy(copy + name_size, text.data, text.len);
  *source = (Source){copy, copy + name_size, text.len, 1};
  return source;
}

void source_free(Source *source) { dc_free(source); }

static DcCode read_all(FILE *file, const char *path, Buf *text, DcError *err) {
  enum { BLOCK = 64 << 10, SCRIPT_MAX = 1 << 30 };
  for (;;) {
    buf_reserve(text, BLOCK);
    size_t count = fread(text->data + text->len, 1, BLOCK, file);
    text->len += count;
    if (text->len > SCRIPT_MAX) return dc_fail(err, "%s is too large for a script", path);
    if (count < BLOCK) break;
  }
  if (ferror(file)) return dc_fail_errno(err, errno, "cannot read %s", path);
  return DC_OK;
}

DcCode source_read(const char *path, Source **out, DcError *err) {
  *out = NULL;
  bool standard_input = !strcmp(path, "-");
  FILE *file = standard_input ? stdin : fopen(path, "rb");
  if (!file) return dc_fail_errno(err, errno, "cannot open %s", path);
  struct stat info;
  Buf text = {0};
  DcCode code = DC_OK;
  if (!fstat(fileno(file), &info) && S_ISDIR(info.st_mode)) code = dc_fail_errno(err, EISDIR, "cannot read %s", path);
  if (code == DC_OK) code = read_all(file, path, &text, err);
  if (!standard_input) fclose(file);
  if (code == DC_OK) *out = source_from_text(path, str_make(text.data, text.len));
  buf_free(&text);
  return code;
}
