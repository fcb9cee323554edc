/* checksum.c - XXH3 by xxHash, SHA-256 by libcrypto. */
#include "io/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/module.h"

/* What is used of OpenSSL's EVP interface. */
typedef struct Evp {
  void *(*context_new)(void);
  void (*context_free)(void *context);
  const void *(*sha256)(void);
  int (*init)(void *context, const void *method, void *engine);
  int (*update)(void *context, const void *data, size_t len);
  int (*final)(void *context, unsigned char *out, unsigned *len);
} Evp;

struct Checksum {
  ChecksumKind kind;
  XXH3_state_t *xxh;
  void *sha;
};

static const char *const NAMES[] = {[CHECKSUM_NONE] = "none", [CHECKSUM_XXH128] = "xxh128", [CHECKSUM_SHA256] = "sha256"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static Evp evp;
static bool evp_ready;

const char *checksum_name(ChecksumKind kind) { return NAMES[kind]; }

static void open_library(void) {
  static const char *const LIBRARIES[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", NULL};
  static const char *const FUNCTIONS[] = {"EVP_MD_CTX_new", "EVP_MD_CTX_free", "EVP_sha256", "EVP_DigestInit_ex", "EVP_DigestUpdate", "EVP_DigestFinal_ex"};
  void *found[sizeof FUNCTIONS / sizeof *FUNCTIONS];
  if (!library_open(LIBRARIES, FUNCTIONS, sizeof FUNCTIONS / sizeof *FUNCTIONS, found)) return;
  _Static_assert(sizeof found == sizeof evp, "one pointer for each member");
  memcpy(&evp, found, sizeof evp); /* POSIX allows it, ISO C has no conversion */
  evp_ready = true;
}

DcCode checksum_prepare(ChecksumKind kind, DcError *err) {
  if (kind != CHECKSUM_SHA256) return DC_OK;
  pthread_once(&once, open_library);
  if (evp_ready) return DC_OK;
  dc_fail(err, "SHA-256 needs the library libcrypto (OpenSSL), which is not installed");
  dc_hint(err, "use xxh128, or install it (Debian, Ubuntu: libssl3; Fedora: openssl-libs)");
  return err->code;
}

static void out_of_memory(void) { /* as dc_alloc */
  fputs("dcetl: out of memory\n", stderr);
  _exit(1);
}

Checksum *checksum_new(ChecksumKind kind) {
  Checksum *sum = dc_alloc(sizeof *sum);
  sum->kind = kind;
  if (kind == CHECKSUM_XXH128) {
    sum->xxh = XXH3_createState();
    if (!sum->xxh || XXH3_128bits_reset(sum->xxh) != XXH_OK) out_of_memory();
  } else if (kind == CHECKSUM_SHA256) {
    sum->sha = evp.context_new();
    if (!sum->sha || !evp.init(sum->sha, evp.sha256(), NULL)) out_of_memory();
  }
  return sum;
}

void checksum_add(Checksum *sum, const void *data, size_t len) {
  if (!len) return;
  if (sum->xxh) XXH3_128bits_update(sum->xxh, data, len);
  if (sum->sha) evp.update(sum->sha, data, len);
}

void checksum_end(Checksum *sum, char out[CHECKSUM_HEX]) {
  unsigned char bytes[32];
  unsigned len = 0;
  if (sum->xxh) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(sum->xxh));
    len = sizeof canonical.digest;
    memcpy(bytes, canonical.digest, len);
  }
  if (sum->sha && !evp.final(sum->sha, bytes, &len)) len = 0;
  for (unsigned i = 0; i < len; i++) snprintf(out + 2 * (size_t)i, 3, "%02x", bytes[i]);
  out[2 * (size_t)len] = 0;
}

void checksum_free(Checksum *sum) {
  if (!sum) return;
  if (sum->xxh) XXH3_freeState(sum->xxh);
  if (sum->sha) evp.context_free(sum->sha);
  dc_free(sum);
}

DcCode checksum_file(const char *path, ChecksumKind kind, char out[CHECKSUM_HEX], uint64_t *bytes, DcError *err) {
  enum { BLOCK = 1 << 20 };
  DC_TRY(checksum_prepare(kind, err));
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return dc_fail_errno(err, errno, "cannot open %s", path);
  Checksum *sum = checksum_new(kind);
  char *buffer = dc_realloc(NULL, BLOCK);
  ssize_t got;
  *bytes = 0;
  while ((got = read(fd, buffer, BLOCK)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      dc_fail_errno(err, errno, "cannot read %s", path);
      break;
    }
    checksum_add(sum, buffer, (size_t)got);
    *bytes += (uint64_t)got;
  }
  checksum_end(sum, out);
  close(fd); /* only read */
  dc_free(buffer);
  checksum_free(sum);
  return err->code;
}
