/* replay.c - a main for the fuzz targets: feeds them every file of the corpus folders given. No clang needed.
 *
 * A target is fuzz_<what>.c with LLVMFuzzerTestOneInput; its corpus is tests/fuzz/corpus/fuzz_<what>/.
 */
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copied to a block of exactly its size, so that ASan sees a read behind its end. */
static int replay(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(size ? size : 1);
  if (!file || !data || fread(data, 1, size, file) != size) {
    fprintf(stderr, "replay: cannot read %s\n", path);
    return 1;
  }
  fclose(file);
  fprintf(stderr, "%s\n", path); /* the last one named is the culprit of a crash */
  LLVMFuzzerTestOneInput(data, size);
  free(data);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: %s FOLDER…\n", argv[0]), 2;
  FTS *walk = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  size_t count = 0;
  int bad = 0;
  for (FTSENT *e; walk && (e = fts_read(walk));) {
    if (e->fts_info != FTS_F) continue;
    bad |= replay(e->fts_path, (size_t)e->fts_statp->st_size);
    count++;
  }
  if (walk) fts_close(walk);
  printf("%zu inputs\n", count);
  return bad || count == 0;
}
