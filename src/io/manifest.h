/* manifest.h - the list of the files of an output, with rows, bytes and checksums: a JSON file beside them.
 *
 * {
 *   "created_by": "dcetl 0.1.0",
 *   "created": "2024-02-29T12:00:00Z",          $SOURCE_DATE_EPOCH in place of the clock, if it is set
 *   "columns": ["id", "name"],
 *   "rows": 30,                                 null where the rows of a file are not known
 *   "bytes": 300,
 *   "files": [
 *     {"path": "part-00000.csv", "rows": 30, "bytes": 300, "sha256": "9f86…"}
 *   ]
 * }
 * Paths are relative to the manifest. Of a folder it is _manifest.json, of a single file x.csv _x.csv.manifest.json: what
 * reads folders leaves names out that begin with _.
 */
#ifndef IO_MANIFEST_H
#define IO_MANIFEST_H

#include "base/mem.h"
#include "io/checksum.h"

#define MANIFEST_NAME "_manifest.json"
#define MANIFEST_SINGLE_END ".manifest.json"
#define MANIFEST_ROWS_UNKNOWN UINT64_MAX

typedef struct ManifestFile {
  char *path;    /* relative to the manifest; owned */
  uint64_t rows; /* or MANIFEST_ROWS_UNKNOWN */
  uint64_t bytes;
  ChecksumKind kind;
  char sum[CHECKSUM_HEX];
} ManifestFile;

typedef struct Manifest {
  ManifestFile *files;
  size_t count, cap;
} Manifest;

/* The path of the manifest of a single file; on the heap. */
char *manifest_of_file(const char *path);
/* Is a file name that of a manifest? */
bool manifest_is_name(const char *name);
/* Takes over file.path. */
void manifest_add(Manifest *manifest, ManifestFile file);
void manifest_sort(Manifest *manifest); /* by path */
ManifestFile *manifest_find(const Manifest *manifest, const char *path); /* of a sorted one; NULL: not in it */
void manifest_free(Manifest *manifest);
/* Appends the text of the file. columns: a JSON array. */
void manifest_print(const Manifest *manifest, Str columns, Buf *out);
/* Reads the file at path, sorted; *found = false: there is none. Paths in it that lead out of its folder are an error. */
DcCode manifest_parse(const char *path, Str text, Manifest *out, DcError *err) DC_MUST_CHECK; /* the same for its text; path: in messages */
DcCode manifest_read(const char *path, Manifest *out, bool *found, DcError *err) DC_MUST_CHECK;

/* Compares files to what a manifest, or all manifests below a folder, say of them. Each difference is told, with the
   path of the file; *files grows by those that were looked at. Fails if there is no manifest, or one cannot be read. */
DcCode manifest_verify(const char *path, void (*tell)(void *self, const char *text), void *self, uint64_t *files, DcError *err) DC_MUST_CHECK;

#endif
