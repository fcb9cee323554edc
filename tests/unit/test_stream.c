/* test_stream.c - reading plain and compressed input, and the compressor. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/spans.h"
#include "io/stream.h"

/* All that can be written; the first of them is no codec. */
static const Codec CODECS[] = {CODEC_NONE, CODEC_GZIP, CODEC_ZSTD, CODEC_BZIP2, CODEC_XZ, CODEC_LZ4, CODEC_SNAPPY, CODEC_SZ};
enum { CODEC_COUNT = sizeof CODECS / sizeof *CODECS };

static char folder[64];

static void setup(void) {
  strcpy(folder, "/tmp/dcetl-stream-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
}

static void teardown(void) {
  ck_assert_int_eq(chdir("/"), 0);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  ck_assert_int_eq(system(command), 0);
}

static void put_file(const char *name, const void *data, size_t len) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
  close(fd);
}

static InputFile input(const char *name, Codec codec) {
  struct stat status = {0};
  InputFile file = {.path = str_of(name), .codec = codec};
  if (stat(name, &status) == 0) file.regular = S_ISREG(status.st_mode), file.size = (uint64_t)status.st_size;
  return file;
}

/* Reads all of a file in steps of `step` bytes. */
static DcCode read_all(InputFile file, uint64_t from, uint64_t to, size_t step, Buf *out, DcError *err) {
  InputStream *stream;
  out->len = 0;
  DcCode code = stream_open(&file, from, to, &stream, err);
  if (code != DC_OK) return code;
  for (size_t got = step; code == DC_OK && got == step;) {
    buf_reserve(out, step);
    code = stream_read(stream, out->data + out->len, step, &got, err);
    out->len += got;
  }
  stream_close(stream);
  return code;
}

/* Is there what it needs? A build without the module dcetl-codecs.so has some codecs only. */
static bool available(Codec codec) {
  const CodecBackend *backend;
  DcError err = {0};
  return codec_backend(codec, &backend, &err) == DC_OK;
}

/* Lines that compress, but not to nothing. */
static void sample(Buf *out, size_t lines) {
  uint32_t x = 12345;
  for (size_t i = 0; i < lines; i++) {
    x = x * 1664525 + 1013904223;
    buf_printf(out, "%zu,%u,some text\n", i, x >> 8);
  }
}

/* Several members or frames, with an empty one between. */
static void pack(Codec codec, const Buf *text, size_t pieces, Buf *out) {
  DcError err = {0};
  Compressor *compressor = compressor_new(codec, CODEC_LEVEL_DEFAULT);
  size_t step = text->len / pieces + 1;
  for (size_t at = 0; at < text->len; at += step) {
    size_t n = text->len - at < step ? text->len - at : step;
    ck_assert_int_eq(compressor_block(compressor, text->data + at, n, out, &err), DC_OK);
    if (at == 0) ck_assert_int_eq(compressor_block(compressor, NULL, 0, out, &err), DC_OK);
  }
  ck_assert_int_eq(compressor_end(compressor, text->len, out, &err), DC_OK);
  compressor_free(compressor);
}

START_TEST(reads_what_was_written) {
  Buf text = {0}, back = {0};
  sample(&text, 30000);
  for (size_t c = 0; c < CODEC_COUNT; c++) {
    if (!available(CODECS[c])) continue;
    Buf packed = {0};
    pack(CODECS[c], &text, 5, &packed);
    put_file("data", packed.data, packed.len);
    static const size_t STEPS[] = {1000, 4097, 1 << 20};
    for (size_t s = 0; s < 3; s++) {
      DcError err = {0};
      ck_assert_int_eq(read_all(input("data", CODECS[c]), 0, UINT64_MAX, STEPS[s], &back, &err), DC_OK);
      ck_assert_uint_eq(back.len, text.len);
      ck_assert_int_eq(memcmp(back.data, text.data, text.len), 0);
    }
    buf_free(&packed);
  }
  buf_free(&text);
  buf_free(&back);
}
END_TEST

START_TEST(reads_ranges) {
  DcError err = {0};
  Buf back = {0};
  put_file("data", "0123456789", 10);
  ck_assert_int_eq(read_all(input("data", CODEC_NONE), 3, 7, 2, &back, &err), DC_OK);
  ck_assert(str_is(str_make(back.data, back.len), "3456"));
  ck_assert_int_eq(read_all(input("data", CODEC_NONE), 8, UINT64_MAX, 64, &back, &err), DC_OK);
  ck_assert(str_is(str_make(back.data, back.len), "89"));
  ck_assert_int_eq(read_all(input("data", CODEC_NONE), 10, 10, 64, &back, &err), DC_OK);
  ck_assert_uint_eq(back.len, 0);
  buf_free(&back);
}
END_TEST

/* A file that ends too early is an error at every length, except where a whole number of members is left. */
static void cut_everywhere(Codec codec, size_t members) {
  Buf text = {0}, packed = {0}, back = {0};
  char name[32];
  snprintf(name, sizeof name, "data.csv%s", codec_suffix(codec));
  sample(&text, 20);
  pack(codec, &text, 2, &packed);
  size_t good = 0;
  for (size_t len = 0; len <= packed.len; len++) {
    DcError err = {0};
    put_file(name, packed.data, len);
    if (read_all(input(name, codec), 0, UINT64_MAX, 512, &back, &err) == DC_OK) {
      good++;
      continue;
    }
    ck_assert_int_eq(strncmp(err.message, name, strlen(name)), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "ends early (truncated?)"));
  }
  ck_assert_msg(good == (codec == CODEC_GZIP ? 1 : members), "%s: %zu", name, good);
  buf_free(&text);
  buf_free(&packed);
  buf_free(&back);
}

START_TEST(notices_truncation) {
  for (size_t c = 1; c < CODEC_COUNT; c++)
    if (available(CODECS[c])) cut_everywhere(CODECS[c], CODECS[c] == CODEC_SZ ? 5 : 3); /* first half; the empty member; all. sz: chunks are members */
}
END_TEST

/* With checksums in the file, no changed byte may go unnoticed and change the data. */
static void spoil_everywhere(Codec codec) {
  Buf text = {0}, packed = {0}, back = {0};
  char name[32];
  snprintf(name, sizeof name, "data.csv%s", codec_suffix(codec));
  sample(&text, 20);
  pack(codec, &text, 2, &packed);
  for (size_t at = 0; at < packed.len; at++) {
    DcError err = {0};
    packed.data[at] ^= 0x55;
    put_file(name, packed.data, packed.len);
    DcCode code = read_all(input(name, codec), 0, UINT64_MAX, 512, &back, &err);
    bool same = back.len == text.len && memcmp(back.data, text.data, text.len) == 0;
    ck_assert_msg(code != DC_OK || same, "byte %zu of %s", at, name);
    if (code != DC_OK) ck_assert(strstr(err.message, "is corrupt") || strstr(err.message, "ends early"));
    packed.data[at] ^= 0x55;
  }
  buf_free(&text);
  buf_free(&packed);
  buf_free(&back);
}

START_TEST(notices_corruption) {
  for (size_t c = 1; c < CODEC_COUNT; c++)
    if (CODECS[c] != CODEC_SNAPPY && available(CODECS[c])) spoil_everywhere(CODECS[c]); /* Hadoop's blocks have no checksum */
}
END_TEST

START_TEST(takes_padding_and_skippable_frames) {
  DcError err = {0};
  Buf text = {0}, packed = {0}, back = {0};
  sample(&text, 10);
  pack(CODEC_GZIP, &text, 1, &packed);
  buf_put(&packed, "\0\0\0\0", 4);
  put_file("a.gz", packed.data, packed.len);
  ck_assert_int_eq(read_all(input("a.gz", CODEC_GZIP), 0, UINT64_MAX, 512, &back, &err), DC_OK);
  ck_assert_uint_eq(back.len, text.len);
  buf_text(&packed, "rubbish");
  put_file("a.gz", packed.data, packed.len);
  ck_assert_int_ne(read_all(input("a.gz", CODEC_GZIP), 0, UINT64_MAX, 512, &back, &err), DC_OK);
  dc_error_clear(&err);
  packed.len = 0;
  buf_put(&packed, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  pack(CODEC_ZSTD, &text, 1, &packed);
  put_file("a.zst", packed.data, packed.len);
  ck_assert_int_eq(read_all(input("a.zst", CODEC_ZSTD), 0, UINT64_MAX, 512, &back, &err), DC_OK);
  ck_assert_uint_eq(back.len, text.len);
  buf_free(&text);
  buf_free(&packed);
  buf_free(&back);
}
END_TEST

/* Nothing to compress, one byte, and what cannot be made smaller; at all levels that there are. */
START_TEST(packs_all_sizes) {
  Buf noise = {0}, back = {0}, text;
  uint32_t x = 1;
  for (int i = 0; i < 300000; i++) {
    x = x * 1664525 + 1013904223;
    buf_char(&noise, (char)(x >> 24));
  }
  static const size_t SIZES[] = {0, 1, 65279, 65280, 65281, 65536, 300000};
  for (size_t c = 0; c < CODEC_COUNT; c++) {
    if (!available(CODECS[c])) continue;
    for (int level = -1; level <= 12; level++) {
      DcError err = {0};
      if (level != CODEC_LEVEL_DEFAULT && codec_check_level(CODECS[c], level, &err) != DC_OK) continue;
      for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
        Buf packed = {0};
        text = (Buf){noise.data, SIZES[s], noise.cap};
        Compressor *compressor = compressor_new(CODECS[c], level);
        ck_assert_int_eq(compressor_block(compressor, text.data, text.len, &packed, &err), DC_OK);
        ck_assert_int_eq(compressor_end(compressor, true, &packed, &err), DC_OK);
        compressor_free(compressor);
        put_file("noise", packed.data, packed.len);
        ck_assert_int_eq(read_all(input("noise", CODECS[c]), 0, UINT64_MAX, 50000, &back, &err), DC_OK);
        ck_assert(back.len == text.len && (!text.len || memcmp(back.data, text.data, text.len) == 0));
        buf_free(&packed);
      }
    }
  }
  buf_free(&noise);
  buf_free(&back);
}
END_TEST

static void reads_as(const char *bytes, size_t len, Codec codec, const char *text) {
  DcError err = {0};
  Buf back = {0};
  put_file("made", bytes, len);
  ck_assert_msg(read_all(input("made", codec), 0, UINT64_MAX, 512, &back, &err) == DC_OK, "%s", err.message);
  ck_assert(str_eq(str_make(back.data, back.len), str_of(text)));
  buf_free(&back);
}

/* Put together by the descriptions of the formats. */
START_TEST(reads_foreign_frames) {
#define HADOOP_SNAPPY "\0\0\0\5\0\0\0\7\5\x10hello"
#define HADOOP_LZ4 "\0\0\0\5\0\0\0\6\x50hello"
#define SZ "\xff\6\0\0sNaPpY\1\15\0\0\xe5\xb0\x8a\xc7" "123456789" /* the CRC-32C of these digits is e3069283 */
  if (!available(CODEC_SNAPPY)) return;
  reads_as(HADOOP_SNAPPY HADOOP_SNAPPY, 30, CODEC_SNAPPY, "hellohello");
  reads_as("\0\0\0\0", 4, CODEC_SNAPPY, "");
  reads_as("\0\0\0\x0a\0\0\0\7\5\x10hello\0\0\0\7\5\x10HELLO", 26, CODEC_SNAPPY, "helloHELLO"); /* two pieces of a block */
  reads_as(HADOOP_LZ4 HADOOP_LZ4, 28, CODEC_LZ4, "hellohello");
  reads_as(SZ "\xfe\3\0\0abc" SZ, 61, CODEC_SZ, "123456789123456789"); /* padding between two streams */
  reads_as(SZ, 27, CODEC_SNAPPY, "123456789");
  DcError err = {0};
  Buf back = {0};
  put_file("made.sz", SZ "\2\0\0\0", 31); /* a chunk that must not be skipped */
  ck_assert_int_eq(read_all(input("made.sz", CODEC_SZ), 0, UINT64_MAX, 512, &back, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "made.sz: the compressed data is corrupt (an unknown or wrong chunk)");
  dc_error_clear(&err);
  put_file("made.lz4", "plain text", 10);
  ck_assert_int_eq(read_all(input("made.lz4", CODEC_LZ4), 0, UINT64_MAX, 512, &back, &err), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.message, "made.lz4: the compressed data is corrupt"));
  buf_free(&back);
}
END_TEST

START_TEST(names_files_in_errors) {
  DcError err = {0};
  Buf back = {0};
  ck_assert_int_eq(read_all(input("missing.csv", CODEC_NONE), 0, UINT64_MAX, 64, &back, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "cannot open missing.csv: No such file or directory");
  dc_error_clear(&err);
  ck_assert_int_eq(read_all(input("/", CODEC_NONE), 0, UINT64_MAX, 64, &back, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "cannot read /: it is a folder");
  dc_error_clear(&err);
  put_file("data.gz", "plain text", 10);
  ck_assert_int_eq(read_all(input("data.gz", CODEC_GZIP), 0, UINT64_MAX, 64, &back, &err), DC_FAIL);
  ck_assert_ptr_nonnull(strstr(err.message, "data.gz: the compressed data is corrupt"));
  buf_free(&back);
}
END_TEST

/* Standard input has no suffix: its codec is seen in its first bytes. */
START_TEST(reads_standard_input) {
  for (size_t c = 0; c < CODEC_COUNT; c++) {
    if (CODECS[c] == CODEC_SNAPPY || !available(CODECS[c])) continue; /* Hadoop's blocks begin with no mark */
    DcError err = {0};
    Buf text = {0}, packed = {0}, back = {0};
    int pipes[2];
    sample(&text, 100);
    pack(CODECS[c], &text, 1, &packed);
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(write(pipes[1], packed.data, packed.len), (ssize_t)packed.len);
    close(pipes[1]);
    ck_assert_int_eq(dup2(pipes[0], 0), 0);
    close(pipes[0]);
    InputFile file = {.path = str_of("-")};
    ck_assert_int_eq(read_all(file, 0, UINT64_MAX, 512, &back, &err), DC_OK);
    ck_assert_uint_eq(back.len, text.len);
    ck_assert_int_eq(memcmp(back.data, text.data, text.len), 0);
    buf_free(&text);
    buf_free(&packed);
    buf_free(&back);
  }
}
END_TEST

/* Decompressed member by member it is what the reader in order gives. */
START_TEST(lists_members) {
  static const Codec PARALLEL[] = {CODEC_GZIP, CODEC_ZSTD};
  Buf text = {0};
  sample(&text, 50000);
  for (int c = 0; c < 2; c++) {
    DcError err = {0};
    Buf packed = {0};
    FileSpan *spans;
    size_t count;
    pack(PARALLEL[c], &text, 4, &packed);
    put_file("a", packed.data, packed.len);
    InputFile file = input("a", PARALLEL[c]);
    ck_assert_int_eq(spans_list(&file, &spans, &count, &err), DC_OK);
    ck_assert_uint_eq(count, PARALLEL[c] == CODEC_ZSTD ? 5 : 2 + (text.len / 4 / 65280 + 1) * 4);
    char *back = malloc(text.len);
    uint64_t len = 0;
    for (size_t i = 0; i < count; i++) len += spans[i].content;
    ck_assert_uint_eq(len, text.len);
    ck_assert_int_eq(spans_read(&file, spans, count, back, &err), DC_OK);
    ck_assert_int_eq(memcmp(back, text.data, text.len), 0);
    packed.data[spans[1].offset + spans[1].size / 2] ^= 1;
    put_file("a", packed.data, packed.len);
    bool whole = spans_read(&file, spans, count, back, &err) == DC_OK;
    ck_assert(PARALLEL[c] == CODEC_ZSTD || !whole); /* of zstd it is the empty frame */
    dc_error_clear(&err);
    dc_free(spans);
    put_file("a", packed.data, packed.len - 1); /* left to the reader in order, which reports it */
    file = input("a", PARALLEL[c]);
    ck_assert_int_eq(spans_list(&file, &spans, &count, &err), DC_OK);
    ck_assert_uint_eq(count, 0);
    free(back);
    buf_free(&packed);
  }
  buf_free(&text);
}
END_TEST

/* A BGZF file that was cut between two members lacks its end mark. */
START_TEST(misses_end_marks) {
  DcError err = {0};
  Buf text = {0}, packed = {0}, back = {0};
  sample(&text, 20);
  pack(CODEC_GZIP, &text, 1, &packed);
  put_file("a.gz", packed.data, packed.len - CODEC_GZIP_MARK_SIZE);
  ck_assert_int_eq(read_all(input("a.gz", CODEC_GZIP), 0, UINT64_MAX, 512, &back, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "a.gz: the compressed data ends early (truncated?)");
  buf_free(&text);
  buf_free(&packed);
  buf_free(&back);
}
END_TEST

START_TEST(knows_codecs) {
  DcError err = {0};
  Codec codec;
  ck_assert(codec_by_name(str_of("ZST"), &codec, &err) == DC_OK && codec == CODEC_ZSTD);
  ck_assert(codec_by_name(str_of("gzip"), &codec, &err) == DC_OK && codec == CODEC_GZIP);
  ck_assert(codec_by_name(str_of("None"), &codec, &err) == DC_OK && codec == CODEC_NONE);
  ck_assert_int_eq(codec_by_name(str_of("rar"), &codec, &err), DC_FAIL);
  for (int c = 0; c < CODEC_COUNT; c++) { /* by name, by suffix with and without the dot */
    ck_assert(codec_by_name(str_of(codec_name(CODECS[c])), &codec, &err) == DC_OK && codec == CODECS[c]);
    if (c == 0) continue;
    ck_assert(codec_by_name(str_of(codec_suffix(CODECS[c]) + 1), &codec, &err) == DC_OK && codec == CODECS[c]);
    ck_assert_int_eq(codec_by_suffix(str_of(codec_suffix(CODECS[c]))), CODECS[c]);
  }
  bool more;
  ck_assert(codec_by_magic("BZh", 3, &more) == CODEC_NONE && more);
  ck_assert(codec_by_magic("BZh is text", 11, &more) == CODEC_NONE && !more);
  ck_assert(codec_by_magic("BZh91AY&SY", 10, &more) == CODEC_BZIP2 && !more);
  ck_assert(codec_by_magic("\xff\6\0\0sNaPpY", 10, NULL) == CODEC_SZ);
  ck_assert(codec_by_magic("", 0, NULL) == CODEC_NONE);
  dc_error_clear(&err);
  ck_assert_int_eq(codec_check_level(CODEC_BZIP2, 10, &err), DC_FAIL);
  ck_assert_str_eq(err.hint, "its levels are 1 (fast) to 9 (small); without @level it is 9");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("stream");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 120);
  tcase_add_checked_fixture(cases, setup, teardown);
  tcase_add_test(cases, reads_what_was_written);
  tcase_add_test(cases, reads_ranges);
  tcase_add_test(cases, notices_truncation);
  tcase_add_test(cases, notices_corruption);
  tcase_add_test(cases, takes_padding_and_skippable_frames);
  tcase_add_test(cases, packs_all_sizes);
  tcase_add_test(cases, reads_foreign_frames);
  tcase_add_test(cases, names_files_in_errors);
  tcase_add_test(cases, reads_standard_input);
  tcase_add_test(cases, lists_members);
  tcase_add_test(cases, misses_end_marks);
  tcase_add_test(cases, knows_codecs);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
