/* test_remote.c - files elsewhere over a module that keeps objects in memory and fails on demand. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/interrupt.h"
#include "io/listing.h"
#include "io/stage.h"
#include "io/stream.h"

/* --- The store --- */

enum { OBJECTS = 64 };

typedef struct Stored {
  char name[128]; /* behind "s3://b/" */
  char *data;
  size_t size;
  int version;
  bool used;
} Stored;

struct RemoteStore {
  int unused;
};
struct RemoteUpload {
  char name[128];
  char *parts[200];
  size_t sizes[200], count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Stored objects[OBJECTS];
static int calls, fail_at, uploads, lists, looks; /* fail_at: the number of the call that fails; 0: none */
static bool changes; /* with each read */
static atomic_int ranges, streams; /* requests for them */
static long slow, late; /* microseconds: between the pieces of a stream, before its first one */
static Arena arena;

static bool fails(RemoteError *error) {
  pthread_mutex_lock(&lock);
  bool failed = ++calls == fail_at;
  pthread_mutex_unlock(&lock);
  if (failed) snprintf(error->text, sizeof error->text, "call %d fails", fail_at);
  return failed;
}

static const char *name_of(const char *url) { return strlen(url) > 7 ? url + 7 : ""; }

static Stored *find(const char *name) {
  for (size_t i = 0; i < OBJECTS; i++)
    if (objects[i].used && strcmp(objects[i].name, name) == 0) return &objects[i];
  return NULL;
}

static void keep(const char *name, const void *data, size_t size) {
  pthread_mutex_lock(&lock);
  Stored *object = find(name);
  for (size_t i = 0; !object && i < OBJECTS; i++)
    if (!objects[i].used) object = &objects[i];
  ck_assert_ptr_nonnull(object);
  free(object->data);
  object->data = malloc(size + 1);
  memcpy(object->data, data, size);
  object->size = size;
  object->version++;
  object->used = true;
  snprintf(object->name, sizeof object->name, "%s", name);
  pthread_mutex_unlock(&lock);
}

static void forget(const char *name) {
  pthread_mutex_lock(&lock);
  Stored *object = find(name);
  if (object) object->used = false;
  pthread_mutex_unlock(&lock);
}

static bool yes(const char *url) {
  (void)url;
  return true;
}

static int open_store(const RemoteHost *host, const char *url, const RemoteOption *options, uint32_t count, RemoteStore **out, RemoteError *error) {
  static RemoteStore store;
  (void)host, (void)url, (void)options, (void)count, (void)error;
  *out = &store;
  return 0;
}

static void fill(const Stored *object, RemoteInfo *out) {
  *out = (RemoteInfo){.kind = REMOTE_FILE, .size = object->size, .ranges = true};
  snprintf(out->version, sizeof out->version, "%s-%d", object->name, object->version);
}

static int look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error) {
  (void)store;
  *out = (RemoteInfo){.kind = REMOTE_NONE};
  if (fails(error)) return -1;
  pthread_mutex_lock(&lock);
  looks++;
  const char *name = name_of(url);
  size_t len = strlen(name);
  if (!len) out->kind = REMOTE_FOLDER;
  for (size_t i = 0; i < OBJECTS; i++) {
    if (!objects[i].used) continue;
    if (strcmp(objects[i].name, name) == 0) fill(&objects[i], out);
    else if (strncmp(objects[i].name, name, len) == 0 && objects[i].name[len] == '/' && out->kind == REMOTE_NONE) out->kind = REMOTE_FOLDER;
  }
  pthread_mutex_unlock(&lock);
  return 0;
}

static int list(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *, const char *, const RemoteInfo *), void *self,
                RemoteError *error) {
  (void)begins;
  (void)store;
  lists++;
  if (fails(error)) return -1;
  const char *name = name_of(url);
  size_t len = strlen(name);
  for (size_t i = 0; i < OBJECTS; i++) {
    if (!objects[i].used || (len && (strncmp(objects[i].name, name, len) != 0 || objects[i].name[len] != '/'))) continue;
    RemoteInfo info;
    char rest[128];
    snprintf(rest, sizeof rest, "%s", objects[i].name + len + (len > 0));
    fill(&objects[i], &info);
    char *slash = strchr(rest, '/');
    if (slash && !deep) {
      *slash = 0;
      info = (RemoteInfo){.kind = REMOTE_FOLDER};
    }
    if (!found(self, rest, &info)) break;
  }
  return 0;
}

static int read_at(RemoteStore *store, const char *url, const char *version, uint64_t offset, void *data, uint64_t size, uint64_t *got, RemoteInfo *info, RemoteError *error) {
  (void)store, (void)info;
  *got = 0;
  ranges++;
  if (fails(error)) return -1;
  pthread_mutex_lock(&lock);
  Stored *object = find(name_of(url));
  RemoteInfo now = {.kind = REMOTE_NONE};
  if (object) fill(object, &now);
  bool same = object && (!version || !*version || strcmp(version, now.version) == 0);
  if (same && offset < object->size) {
    *got = object->size - offset < size ? object->size - offset : size;
    memcpy(data, object->data + offset, *got);
  }
  if (object && changes) object->version++;
  pthread_mutex_unlock(&lock);
  if (!same) {
    error->kind = REMOTE_CHANGED;
    snprintf(error->text, sizeof error->text, "it has changed");
  }
  return same ? 0 : -1;
}

static void nap(long microseconds) {
  if (microseconds) nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static int read_from(RemoteStore *store, const char *url, const char *version, uint64_t offset, bool (*take)(void *, const void *, size_t), void *self, RemoteError *error) {
  enum { PIECE = 256 << 10 };
  char *piece = malloc(PIECE);
  uint64_t got = 0;
  int status = 0;
  streams++;
  nap(late);
  do {
    status = read_at(store, url, version, offset, piece, PIECE, &got, NULL, error);
    ranges--;
    offset += got;
    nap(slow);
  } while (status == 0 && got && take(self, piece, (size_t)got));
  free(piece);
  return status;
}

static void limits(RemoteStore *store, RemoteLimits *out) {
  (void)store;
  *out = (RemoteLimits){.part_min = 1 << 20, .part_max = 1 << 20, .parts = 200};
}

static int put(RemoteStore *store, const char *url, const char *type, const void *data, uint64_t size, RemoteError *error) {
  (void)store, (void)type;
  if (fails(error)) return -1;
  keep(name_of(url), data, size);
  return 0;
}

static int upload_begin(RemoteStore *store, const char *url, const char *type, RemoteUpload **out, RemoteError *error) {
  (void)store, (void)type;
  if (fails(error)) return -1;
  *out = calloc(1, sizeof **out);
  snprintf((*out)->name, sizeof (*out)->name, "%s", name_of(url));
  pthread_mutex_lock(&lock);
  uploads++;
  pthread_mutex_unlock(&lock);
  return 0;
}

static int upload_part(RemoteUpload *upload, uint32_t number, const void *data, uint64_t size, RemoteError *error) {
  if (fails(error)) return -1;
  pthread_mutex_lock(&lock);
  upload->parts[number - 1] = malloc(size);
  memcpy(upload->parts[number - 1], data, size);
  upload->sizes[number - 1] = size;
  if (number > upload->count) upload->count = number;
  pthread_mutex_unlock(&lock);
  return 0;
}

static int upload_complete(RemoteUpload *upload, RemoteError *error) {
  if (fails(error)) return -1;
  Buf all = {0};
  for (size_t i = 0; i < upload->count; i++) buf_put(&all, upload->parts[i], upload->sizes[i]);
  keep(upload->name, all.data, all.len);
  buf_free(&all);
  return 0;
}

static void upload_free(RemoteUpload *upload) {
  for (size_t i = 0; i < upload->count; i++) free(upload->parts[i]);
  free(upload);
  pthread_mutex_lock(&lock);
  uploads--;
  pthread_mutex_unlock(&lock);
}

static int remove_object(RemoteStore *store, const char *url, RemoteError *error) {
  (void)store;
  if (fails(error)) return -1;
  forget(name_of(url));
  return 0;
}

static const char *const schemes[] = {"s3", NULL};
static const RemoteModule module = {.version = REMOTE_MODULE_VERSION, .schemes = schemes, .can_write = yes, .open = open_store, .look = look, .list = list,
                                    .read_at = read_at, .read_from = read_from, .limits = limits, .put = put, .upload_begin = upload_begin, .upload_part = upload_part,
                                    .upload_complete = upload_complete, .upload_free = upload_free, .remove = remove_object};

static void setup(void) {
  remote_use_module(&module);
  for (size_t i = 0; i < OBJECTS; i++) objects[i].used = false;
  calls = fail_at = lists = looks = 0;
  changes = false;
  ranges = streams = 0;
  slow = late = 0;
  interrupt_clear();
}

static void teardown(void) { arena_free(&arena); }

/* --- Reading --- */

static char *numbers(size_t size) {
  char *data = malloc(size);
  for (size_t i = 0; i < size; i++) data[i] = (char)(i * 31 + i / 251 + i / 65536);
  return data;
}

static DcCode read_back(const char *url, Buf *out, DcError *err) {
  Listing listing;
  InputStream *stream;
  char step[100000];
  DC_TRY(listing_expand(value_text(url), false, NULL, NULL, &arena, &listing, err));
  DcCode code = stream_open(&listing.files[0], 0, UINT64_MAX, &stream, err);
  for (size_t got = 1; got && code == DC_OK;) {
    code = stream_read(stream, step, sizeof step, &got, err);
    if (code == DC_OK) buf_put(out, step, got);
  }
  stream_close(stream);
  listing_free(&listing);
  return code;
}

START_TEST(reads_ranges_in_order) {
  static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 3000000, 20000000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    DcError err = {0};
    Buf back = {0};
    char *data = numbers(sizes[i]);
    keep("d/x.csv", data, sizes[i]);
    ck_assert_msg(read_back("s3://b/d/x.csv", &back, &err) == DC_OK, "%s", err.message);
    ck_assert_uint_eq(back.len, sizes[i]);
    ck_assert(!sizes[i] || memcmp(back.data, data, sizes[i]) == 0);
    buf_free(&back);
    free(data);
  }
}
END_TEST

/* A stream that is slower than its reader is left for ranges, unless the server takes long to answer at all. */
START_TEST(leaves_a_slow_stream) {
  enum { SIZE = 40 << 20 };
  char *data = numbers(SIZE);
  for (int round = 0; round < 3; round++) {
    DcError err = {0};
    Buf back = {0};
    keep("x.csv", data, SIZE);
    slow = round ? 8000 : 0; /* far more than the reader needs for a piece, on any machine */
    late = round == 2 ? 400000 : 0;
    ranges = streams = 0;
    ck_assert_msg(read_back("s3://b/x.csv", &back, &err) == DC_OK, "%s", err.message);
    ck_assert_uint_eq(back.len, SIZE);
    ck_assert(memcmp(back.data, data, SIZE) == 0);
    ck_assert_int_eq(streams, 1);
    if (round == 1) ck_assert_int_ge(ranges, 2);
    if (round == 2) ck_assert_int_eq(ranges, 0);
    buf_free(&back);
  }
  free(data);
}
END_TEST

START_TEST(notices_changes) {
  DcError err = {0};
  Buf back = {0};
  char *data = numbers(3000000);
  keep("x.csv", data, 3000000);
  changes = true;
  ck_assert_int_eq(read_back("s3://b/x.csv", &back, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "cannot read s3://b/x.csv: it has changed");
  buf_free(&back);
  free(data);
}
END_TEST

START_TEST(tells_each_failure_of_a_read) {
  char *data = numbers(3000000);
  keep("x.csv", data, 3000000);
  bool ended = false;
  for (int at = 1; !ended; at++) {
    DcError err = {0};
    Buf back = {0};
    calls = 0;
    fail_at = at;
    keep("x.csv", data, 3000000); /* another version: nothing is remembered */
    DcCode code = read_back("s3://b/x.csv", &back, &err);
    ended = calls < at;
    if (!ended) ck_assert_msg(code == DC_FAIL && strstr(err.message, "fails"), "%d: %s", at, err.message);
    else ck_assert_uint_eq(back.len, 3000000);
    buf_free(&back);
  }
  free(data);
}
END_TEST

static const char *listed(const char *path) {
  static char text[1000];
  Listing listing;
  DcError err = {0};
  text[0] = 0;
  if (listing_expand(value_text(path), false, NULL, NULL, &arena, &listing, &err) != DC_OK) {
    snprintf(text, sizeof text, "%s; %s", err.message, err.hint);
    return text;
  }
  for (size_t i = 0; i < listing.count; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", listing.files[i].path.data + 7);
  listing_free(&listing);
  return text;
}

START_TEST(lists_as_folders) {
  static const char *const names[] = {"d/p/a.csv", "d/p/b.csv", "d/q/sub/c.csv", "d/_tmp/x.csv", "d/p/.h", "top.csv", "d/q", "d/p[1].csv"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) keep(names[i], "x", i == 6 ? 0 : 1); /* d/q: an empty object for the folder */
  ck_assert_str_eq(listed("s3://b/d"), "d/p/a.csv d/p/b.csv d/p[1].csv d/q/sub/c.csv");
  ck_assert_int_eq(lists, 1);
  ck_assert_str_eq(listed("s3://b/d/**/*.csv"), "d/p/a.csv d/p/b.csv d/p[1].csv d/q/sub/c.csv");
  ck_assert_str_eq(listed("s3://b/*/p/?.csv"), "d/p/a.csv d/p/b.csv");
  ck_assert_str_eq(listed("s3://b/d/p[1].csv"), "d/p[1].csv");
  ck_assert_str_eq(listed("s3://b/{top,d/p/b}.csv"), "d/p/b.csv top.csv");
  ck_assert_str_eq(listed("s3://b/d/p/"), "d/p/a.csv d/p/b.csv");
  ck_assert_str_eq(listed("s3://b/d/x*"), "no file matches \"s3://b/d/x*\"; * stays within a folder, ** goes into all of them; names that begin with . or _ are left out");
  keep("e//f.csv", "x", 1);
  ck_assert_ptr_nonnull(strstr(listed("s3://b/e"), "has an empty part"));
}
END_TEST

/* --- Writing --- */

static bool is(const char *name, const char *data, size_t size) {
  const Stored *object = find(name);
  return object && object->size == size && memcmp(object->data, data, size) == 0;
}

/* A large file and two small ones, into a target that holds two old ones. */
static DcCode write_three(StageMode mode, const char *data, size_t size, DcError *err) {
  StageOptions options = {.mode = mode, .success = true, .manifest = CHECKSUM_XXH128, .temp_dir = "/tmp"};
  Stage *stage;
  bool skip;
  uint32_t part, file[3];
  DcCode code = stage_open(str_of("s3://b/out"), &options, &stage, err);
  if (code != DC_OK) return code;
  code = stage_dataset(stage, str_of("t"), false, str_of(".csv"), &skip, &part, err);
  for (int i = 0; i < 3 && code == DC_OK; i++) {
    char name[32];
    snprintf(name, sizeof name, "t/part-%05d.csv", i);
    code = stage_file(stage, str_of(name), &file[i], err);
  }
  for (size_t at = 0; at < size && code == DC_OK; at += 700000) code = stage_write(stage, file[0], data + at, size - at < 700000 ? size - at : 700000, err);
  if (code == DC_OK) code = stage_write(stage, file[1], "small", 5, err);
  if (code == DC_OK) return stage_commit(stage, err);
  stage_abort(stage);
  return code;
}

static void set_old(void) {
  keep("out/t/part-00000.csv", "old0", 4);
  keep("out/t/part-00009.csv", "old9", 4);
  keep("out/t/_SUCCESS", "", 0);
  keep("out/other", "x", 1);
}

START_TEST(replaces_when_all_is_there) {
  DcError err = {0};
  char *data = numbers(5000000);
  set_old();
  ck_assert_msg(write_three(STAGE_OVERWRITE, data, 5000000, &err) == DC_OK, "%s", err.message);
  ck_assert(is("out/t/part-00000.csv", data, 5000000) && is("out/t/part-00001.csv", "small", 5) && is("out/t/part-00002.csv", "", 0));
  ck_assert(!find("out/t/part-00009.csv") && find("out/t/_SUCCESS") && find("out/t/_manifest.json") && find("out/other"));
  ck_assert_int_eq(uploads, 0);
  ck_assert_int_eq(write_three(STAGE_ERROR, data, 10, &err), DC_FAIL);
  ck_assert_str_eq(err.message, "\"s3://b/out/t\" exists already");
  free(data);
}
END_TEST

/* With little memory most of it goes by way of the temporary file. */
START_TEST(writes_with_little_memory) {
  DcError err = {0};
  Budget *budget = budget_new(8 << 20);
  char *data = numbers(5000000);
  remote_use_budget(budget);
  ck_assert_msg(write_three(STAGE_ERROR, data, 5000000, &err) == DC_OK, "%s", err.message);
  remote_use_budget(NULL);
  ck_assert(is("out/t/part-00000.csv", data, 5000000) && is("out/t/part-00001.csv", "small", 5));
  budget_free(budget);
  free(data);
}
END_TEST

/* Each call fails once: before the first object is visible all is as it was, and no upload is ever left. */
START_TEST(leaves_nothing_of_a_failure) {
  char *data = numbers(3000000);
  bool ended = false;
  for (int at = 1; !ended; at++) {
    DcError err = {0};
    setup();
    fail_at = at;
    DcCode code = write_three(STAGE_ERROR, data, 3000000, &err);
    ended = calls < at;
    ck_assert_int_eq(uploads, 0);
    if (ended) {
      ck_assert(code == DC_OK);
      break;
    }
    ck_assert_msg(code == DC_FAIL && strstr(err.message, "fails"), "%d: %s", at, err.message);
    bool made = find("out/t/part-00000.csv") || find("out/t/part-00001.csv");
    ck_assert_msg(!made || !find("out/t/_SUCCESS"), "%d", at); /* what fails last are the markers */
    ck_assert(!made || strstr(err.message, "_SUCCESS") || strstr(err.message, "_manifest"));
  }
  free(data);
}
END_TEST

START_TEST(keeps_the_old_until_the_end) {
  char *data = numbers(3000000);
  for (int at = 1; at < 60; at++) {
    DcError err = {0};
    setup();
    set_old();
    fail_at = at;
    DcCode code = write_three(STAGE_OVERWRITE, data, 3000000, &err);
    ck_assert_int_eq(uploads, 0);
    if (code == DC_OK) continue;
    bool old = is("out/t/part-00000.csv", "old0", 4), new = is("out/t/part-00000.csv", data, 3000000);
    ck_assert_msg(old || new, "%d", at);
    ck_assert(find("out/other"));
  }
  free(data);
}
END_TEST

START_TEST(ends_by_a_signal) {
  DcError err = {0};
  Stage *stage;
  bool skip;
  uint32_t part, file;
  char *data = numbers(3000000);
  ck_assert_int_eq(stage_open(str_of("s3://b/out"), &(StageOptions){.mode = STAGE_ERROR}, &stage, &err), DC_OK);
  ck_assert_int_eq(stage_dataset(stage, str_of("t"), true, str_of(".csv"), &skip, &part, &err), DC_OK);
  ck_assert_int_eq(stage_file(stage, str_of("t.csv"), &file, &err), DC_OK);
  ck_assert_int_eq(stage_write(stage, file, data, 3000000, &err), DC_OK);
  interrupt_set();
  stage_abort_all();
  ck_assert_int_eq(uploads, 0);
  ck_assert_int_eq(stage_write(stage, file, data, 10, &err), DC_FAIL);
  stage_abort(stage);
  ck_assert_ptr_null(find("out/t.csv"));
  interrupt_clear();
  free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("remote");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 60);
  tcase_add_checked_fixture(cases, setup, teardown);
  tcase_add_test(cases, reads_ranges_in_order);
  tcase_add_test(cases, leaves_a_slow_stream);
  tcase_add_test(cases, notices_changes);
  tcase_add_test(cases, tells_each_failure_of_a_read);
  tcase_add_test(cases, lists_as_folders);
  tcase_add_test(cases, replaces_when_all_is_there);
  tcase_add_test(cases, writes_with_little_memory);
  tcase_add_test(cases, leaves_nothing_of_a_failure);
  tcase_add_test(cases, keeps_the_old_until_the_end);
  tcase_add_test(cases, ends_by_a_signal);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
