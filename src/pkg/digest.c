/* digest.c - DIGEST by OpenSSL's libcrypto, which is opened on first use. */
#include <pthread.h>

#include "base/module.h"
#include "pkg/operators.h"

typedef const void *(*FindFn)(const char *name);
typedef int (*DigestFn)(const void *data, size_t len, unsigned char *out, unsigned *out_len, const void *algorithm, void *engine);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static FindFn find_algorithm;
static DigestFn compute_digest;

static void open_library(void) {
  static const char *const libraries[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", NULL};
  static const char *const functions[] = {"EVP_get_digestbyname", "EVP_Digest"};
  void *found[2];
  if (!library_open(libraries, functions, 2, found)) return;
  memcpy(&find_algorithm, &found[0], sizeof found[0]); /* POSIX allows it, ISO C has no conversion */
  memcpy(&compute_digest, &found[1], sizeof found[1]);
}

/* The last word ('SUN MD5' names a provider first), upper case, spelled as OpenSSL has it: SHA-256 is SHA256. */
static void library_name(Str algorithm, char *out, size_t size) {
  while (algorithm.len && algorithm.data[algorithm.len - 1] == ' ') algorithm.len--;
  size_t start = algorithm.len, len = 0;
  while (start && algorithm.data[start - 1] != ' ') start--;
  for (size_t i = start; i < algorithm.len && len + 1 < size; i++) {
    char c = algorithm.data[i];
    if (c >= 'a' && c <= 'z') c = (char)(c - 32);
    if (c == '-' && len == 3 && memcmp(out, "SHA", 3) == 0) continue;
    out[len++] = c == '/' ? '-' : c;
  }
  out[len] = 0;
}

DcCode digest_compute(CallContext *cx, Str data, Str algorithm, char *out, size_t *len) {
  pthread_once(&once, open_library);
  if (!find_algorithm || !compute_digest) {
    dc_hint(cx->err, "install the package that holds it (Debian, Ubuntu: libssl3; Fedora: openssl-libs)");
    return dc_fail(cx->err, "DIGEST needs the library libcrypto (OpenSSL), which is not installed");
  }
  char name[40];
  unsigned written = 0;
  library_name(algorithm, name, sizeof name);
  const void *method = find_algorithm(name);
  if (!method) {
    dc_fail(cx->err, "DIGEST: unknown algorithm '%.*s'", STR_ARG(algorithm));
    dc_hint(cx->err, "MD5, SHA-1, SHA-256, SHA-384, SHA-512 and others that OpenSSL knows");
    return cx->err->code;
  }
  if (!compute_digest(data.len ? data.data : "", data.len, (unsigned char *)out, &written, method, NULL))
    return dc_fail(cx->err, "DIGEST: '%.*s' is not available in this OpenSSL", STR_ARG(algorithm));
  *len = written;
  return DC_OK;
}

DcCode op_digest(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  char digest[64];
  size_t len;
  Str data = args[0].type == TYPE_BINARY ? value_get_str(args[0]) : value_to_str(cx->arena, args[0]);
  DC_TRY(digest_compute(cx, data, value_to_str(cx->arena, args[1]), digest, &len));
  *result = value_str((Str){arena_copy(cx->arena, digest, len), len});
  result->type = TYPE_BINARY;
  return DC_OK;
}
