/* test_archive.c - archives as folders, cut and spoiled at every byte. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/archive_internal.h"
#include "io/stream.h"

static char folder[64];

static void run(const char *command) { ck_assert_msg(system(command) == 0, "%s", command); }

static void setup(void) {
  strcpy(folder, "/tmp/dcetl-archive-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chdir(folder), 0);
  run("mkdir d && seq 100 >d/a.csv && seq 200 300 >d/b.csv && : >d/c.csv && tar -cf t.tar d");
  run("gzip -nc t.tar >t.tar.gz && zstd -q t.tar -o t.tar.zst");
  run("python3 -m zipfile -c t.zip d");
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

static void get_file(const char *name, Buf *out) {
  struct stat status;
  int fd = open(name, O_RDONLY);
  ck_assert(fd >= 0 && fstat(fd, &status) == 0);
  out->len = 0;
  buf_reserve(out, (size_t)status.st_size);
  ck_assert_int_eq(read(fd, out->data, (size_t)status.st_size), status.st_size);
  out->len = (size_t)status.st_size;
  close(fd);
}

static DcCode read_file(const InputFile *file, size_t step, Buf *out, DcError *err) {
  InputStream *stream;
  DC_TRY(stream_open(file, 0, UINT64_MAX, &stream, err));
  DcCode code = DC_OK;
  for (size_t got = 1; code == DC_OK && got;) {
    buf_reserve(out, step);
    code = stream_read(stream, out->data + out->len, step, &got, err);
    out->len += got;
  }
  stream_close(stream);
  return code;
}

/* The bytes of all files that a path stands for, in its order, each twice where that is asked for. */
static DcCode read_path(const char *path, int times, Buf *out, DcError *err) {
  Arena arena = {0};
  Listing listing;
  out->len = 0;
  DcCode code = listing_expand(value_text(path), false, NULL, NULL, &arena, &listing, err);
  for (size_t i = 0; code == DC_OK && i < listing.count; i++)
    for (int time = 0; code == DC_OK && time < times; time++) code = read_file(&listing.files[i], 1000, out, err);
  listing_free(&listing);
  arena_free(&arena);
  return code;
}

static const char *const NAMES[] = {"t.zip", "t.tar", "t.tar.gz", "t.tar.zst"};
enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES };

/* A file that is opened a second time, as text is for its header, is the same; and so is one of a reader that went by. */
START_TEST(reads_again) {
  for (int i = 0; i < NAME_COUNT; i++) {
    Buf once = {0}, twice = {0};
    DcError err = {0};
    ck_assert_msg(read_path(NAMES[i], 1, &once, &err) == DC_OK, "%s", err.message);
    ck_assert_uint_eq(once.len, 292 + 404);
    ck_assert_int_eq(read_path(NAMES[i], 2, &twice, &err), DC_OK);
    ck_assert_uint_eq(twice.len, 2 * once.len);
    ck_assert_int_eq(read_path(NAMES[i], 1, &twice, &err), DC_OK);
    ck_assert(str_eq(str_make(once.data, once.len), str_make(twice.data, twice.len)));
    buf_free(&once);
    buf_free(&twice);
  }
}
END_TEST

/* More than is kept of an entry is read again from the beginning of the archive. */
START_TEST(reads_large_files_again) {
  run("seq 300000 >d/b.csv && tar -cf t.tar d && python3 -m zipfile -c t.zip d");
  for (int i = 0; i < 2; i++) {
    Buf back = {0};
    DcError err = {0};
    ck_assert_int_eq(read_path(NAMES[i], 3, &back, &err), DC_OK);
    ck_assert_uint_eq(back.len, 3 * (292 + 1988895));
    buf_free(&back);
  }
}
END_TEST

/* All of it or an error that names the archive. */
static void same_or_error(const char *name, const Buf *text, const char *what, size_t at) {
  Buf back = {0};
  DcError err = {0};
  if (read_path(name, 1, &back, &err) == DC_OK)
    ck_assert_msg(back.len == text->len && memcmp(back.data, text->data, text->len) == 0, "%s, %s %zu: %zu bytes", name, what, at, back.len);
  else
    ck_assert_msg(strstr(err.message, name) != NULL, "%s", err.message);
  buf_free(&back);
}

START_TEST(notices_truncation) {
  for (int i = 0; i < NAME_COUNT; i++) {
    Buf text = {0}, archive = {0};
    DcError err = {0};
    ck_assert_int_eq(read_path(NAMES[i], 1, &text, &err), DC_OK);
    get_file(NAMES[i], &archive);
    for (size_t len = 0; len < archive.len; len += archive.len > 2000 ? 64 : 1) {
      put_file(NAMES[i], archive.data, len);
      same_or_error(NAMES[i], &text, "cut at", len);
    }
    buf_free(&text);
    buf_free(&archive);
  }
}
END_TEST

/* Not of a plain tar, which has checksums of headers only. */
START_TEST(notices_corruption) {
  for (int i = 0; i < NAME_COUNT; i++) {
    if (i == 1) continue;
    Buf text = {0}, archive = {0};
    DcError err = {0};
    ck_assert_int_eq(read_path(NAMES[i], 1, &text, &err), DC_OK);
    get_file(NAMES[i], &archive);
    for (size_t bit = 0; bit < archive.len * 8; bit += 3) {
      archive.data[bit / 8] = (char)(archive.data[bit / 8] ^ 1 << bit % 8);
      put_file(NAMES[i], archive.data, archive.len);
      same_or_error(NAMES[i], &text, "changed at bit", bit);
      archive.data[bit / 8] = (char)(archive.data[bit / 8] ^ 1 << bit % 8);
    }
    buf_free(&text);
    buf_free(&archive);
  }
}
END_TEST

int main(void) {
  DcError err = {0};
  const ArchiveBackend *backend;
  bool there = archive_backend(str_of("t.zip"), &backend, &err) == DC_OK;
  Suite *suite = suite_create("archive");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 120);
  tcase_add_checked_fixture(cases, setup, teardown);
  /* A build without the module dcetl-archive.so has nothing to test. */
  if (there) tcase_add_test(cases, reads_again);
  if (there) tcase_add_test(cases, reads_large_files_again);
  if (there) tcase_add_test(cases, notices_truncation);
  if (there) tcase_add_test(cases, notices_corruption);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
