/* checksum.h - sums over the bytes of files, computed on their way.
 *
 * XXH128 (XXH3, 128 bits) notices damage and costs next to nothing; SHA-256 (FIPS 180-4, by OpenSSL's libcrypto, which is
 * opened on first use) also notices intent, and sha256sum computes it.
 */
#ifndef IO_CHECKSUM_H
#define IO_CHECKSUM_H

#include "base/error.h"

typedef enum ChecksumKind { CHECKSUM_NONE, CHECKSUM_XXH128, CHECKSUM_SHA256 } ChecksumKind;

enum { CHECKSUM_HEX = 65 }; /* digits of the longest, and a NUL */

typedef struct Checksum Checksum;

/* "xxh128", "sha256". */
const char *checksum_name(ChecksumKind kind);
/* Fails where the library of a kind is missing. Later calls with that kind do not fail for it. */
DcCode checksum_prepare(ChecksumKind kind, DcError *err) DC_MUST_CHECK;
/* Freed by checksum_free. One thread at a time. */
Checksum *checksum_new(ChecksumKind kind);
void checksum_add(Checksum *sum, const void *data, size_t len);
/* The sum of all that was added, as lower-case hexadecimal digits; the checksum can only be freed then. */
void checksum_end(Checksum *sum, char out[CHECKSUM_HEX]);
void checksum_free(Checksum *sum); /* NULL is fine */
/* Of a file's content. */
DcCode checksum_file(const char *path, ChecksumKind kind, char out[CHECKSUM_HEX], uint64_t *bytes, DcError *err) DC_MUST_CHECK;

#endif
