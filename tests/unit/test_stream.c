/* test_stream.c - reading plain and compressed input, and the compressor. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/stream.h"

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
  Compressor *compressor = compressor_new(codec, 0);
  size_t step = text->len / pieces + 1;
  for (size_t at = 0; at < text->len; at += step) {
    size_t n = text->len - at < step ? text->len - at : step;
    ck_assert_int_eq(compressor_block(compressor, text->data + at, n, out, &err), DC_OK);
    if (at == 0) ck_assert_int_eq(compressor_block(compressor, NULL, 0, out, &err), DC_OK);
  }
  compressor_free(compressor);
}

START_TEST(reads_what_was_written) {
  static const Codec CODECS[] = {CODEC_NONE, CODEC_GZIP, CODEC_ZSTD};
  Buf text = {0}, back = {0};
  sample(&text, 30000);
  for (size_t c = 0; c < 3; c++) {
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
static void cut_everywhere(Codec codec, const char *name) {
  Buf text = {0}, packed = {0}, first = {0}, back = {0};
  sample(&text, 20);
  pack(codec, &text, 1, &first);
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
  ck_assert_uint_eq(good, 3); /* first half; and the empty member; all */
  buf_free(&text);
  buf_free(&packed);
  buf_free(&first);
  buf_free(&back);
}

START_TEST(notices_truncation) {
  cut_everywhere(CODEC_GZIP, "data.csv.gz");
  cut_everywhere(CODEC_ZSTD, "data.csv.zst");
}
END_TEST

/* With checksums in the file, no changed byte may go unnoticed and change the data. */
static void spoil_everywhere(Codec codec, const char *name) {
  Buf text = {0}, packed = {0}, back = {0};
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
  spoil_everywhere(CODEC_GZIP, "data.csv.gz");
  spoil_everywhere(CODEC_ZSTD, "data.csv.zst");
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
  static const Codec CODECS[] = {CODEC_NONE, CODEC_GZIP, CODEC_ZSTD};
  for (size_t c = 0; c < 3; c++) {
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

START_TEST(lists_zstd_frames) {
  DcError err = {0};
  Buf text = {0}, packed = {0}, back = {0};
  FrameSpan *frames;
  size_t count;
  sample(&text, 50000);
  pack(CODEC_ZSTD, &text, 4, &packed);
  put_file("a.zst", packed.data, packed.len);
  InputFile file = input("a.zst", CODEC_ZSTD);
  ck_assert_int_eq(zstd_frames(&file, &frames, &count, &err), DC_OK);
  ck_assert_uint_eq(count, 5);
  for (size_t i = 0; i < count; i++) {
    buf_reserve(&back, frames[i].content);
    ck_assert_int_eq(zstd_read_frame(&file, frames[i], back.data + back.len, &err), DC_OK);
    back.len += frames[i].content;
  }
  ck_assert_uint_eq(back.len, text.len);
  ck_assert_int_eq(memcmp(back.data, text.data, text.len), 0);
  dc_free(frames);
  put_file("a.zst", packed.data, packed.len - 1); /* left to the reader in order, which reports it */
  file = input("a.zst", CODEC_ZSTD);
  ck_assert_int_eq(zstd_frames(&file, &frames, &count, &err), DC_OK);
  ck_assert_uint_eq(count, 0);
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
  ck_assert_int_eq(codec_by_name(str_of("snappy"), &codec, &err), DC_FAIL);
  ck_assert_str_eq(codec_suffix(CODEC_GZIP), ".gz");
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
  tcase_add_test(cases, names_files_in_errors);
  tcase_add_test(cases, reads_standard_input);
  tcase_add_test(cases, lists_zstd_frames);
  tcase_add_test(cases, knows_codecs);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
