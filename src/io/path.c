/* path.c - paths. */
#include "io/path.h"

#include "io/remote.h"

/* Length of "scheme://" at the start of text, or 0. */
static size_t scheme_length(Str text) {
  size_t i = 0;
  for (; i < text.len; i++) {
    char c = text.data[i], lower = (char)(c | 0x20);
    bool letter = lower >= 'a' && lower <= 'z';
    if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))) break;
  }
  return i && i + 3 <= text.len && memcmp(text.data + i, "://", 3) == 0 ? i + 3 : 0;
}

DcCode path_local(Str text, Str *out, DcError *err) {
  if (memchr(text.data ? text.data : "", 0, text.len)) return dc_fail(err, "a path holds a NUL character");
  size_t scheme = scheme_length(text);
  if (scheme && !(scheme == 7 && str_eq_nocase(str_make(text.data, 4), str_of("file")))) {
    dc_fail(err, "unknown storage \"%.*s\" in \"%.*s\"", (int)scheme, text.data, STR_ARG(text));
    dc_hint(err, "paths are local, or begin with file://, s3://, gs://, az://, http://, https://, webhdfs://");
    return err->code;
  }
  if (!scheme && text.len > 5 && str_eq_nocase(str_make(text.data, 5), str_of("file:"))) scheme = 5;
  text.data += scheme;
  text.len -= scheme;
  while (text.len > 1 && text.data[text.len - 1] == '/') text.len--;
  *out = text.len ? text : str_of(".");
  return DC_OK;
}

DcCode path_input(Str text, Str *out, DcError *err) {
  if (!remote_is(text)) return path_local(text, out, err);
  if (memchr(text.data, 0, text.len)) return dc_fail(err, "a path holds a NUL character");
  size_t root = remote_root(text).len;
  while (!remote_is_web(text) && text.len > root && text.data[text.len - 1] == '/') text.len--;
  *out = text;
  return DC_OK;
}

char *path_copy(Str path) {
  char *copy = dc_alloc(path.len + 1);
  if (path.len) memcpy(copy, path.data, path.len);
  return copy;
}

char *path_join(const char *folder, Str name) {
  size_t len = strlen(folder);
  if (!name.len) return path_copy(str_of(folder));
  bool slash = len == 0 || folder[len - 1] != '/';
  char *path = dc_alloc(len + slash + name.len + 1);
  memcpy(path, folder, len);
  if (slash) path[len] = '/';
  memcpy(path + len + slash, name.data, name.len);
  return path;
}

Str path_base(Str path) {
  const char *slash = path.len ? memrchr(path.data, '/', path.len) : NULL;
  if (!slash) return path;
  return str_make(slash + 1, (size_t)(path.data + path.len - slash - 1));
}

Str path_folder(Str path) {
  const char *slash = path.len ? memrchr(path.data, '/', path.len) : NULL;
  if (!slash) return str_of(".");
  return slash == path.data ? str_of("/") : str_make(path.data, (size_t)(slash - path.data));
}
