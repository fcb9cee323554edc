/* test_helper.c - helper processes: what is said and handed over, each way in which one can end, and files of typed columns that
 * are read in one. The test is its own helper: see main.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/interrupt.h"
#include "engine/typed_guard.h"
#include "unit/arrow_values.h"

enum { ECHO_SIZE = 5 << 20 };

/* --- What the helper does --- */

/* Sends back what it gets, with its process id; the memory grows with what is asked for. */
static int work_echo(Helper *program) {
  HelperMessage message;
  DcError why = {0};
  while (helper_receive(program, &message, &why) == DC_OK) {
    void *memory;
    if (helper_memory(program, message.size, &memory, &why) != DC_OK) return 9;
    memset(memory, (int)message.kind, (size_t)message.size);
    message.number = (uint32_t)getpid();
    if (helper_send(program, &message, &why) != DC_OK) return 9;
  }
  return 8;
}

/* A module whose units are: rows, a crash, an error, an answer that never comes. */
enum { UNIT_ROWS, UNIT_CRASH, UNIT_ERROR, UNIT_HANG, UNITS };
struct TableFile {
  TableSource source;
  bool told; /* an option was there */
};
static const char *const field_formats[] = {"l", "u"};
static int given; /* batches of the rows */

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }
static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }

static int fake_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  static struct ArrowSchema fields[2], *children[] = {&fields[0], &fields[1]};
  (void)stream;
  for (int i = 0; i < 2; i++) fields[i] = (struct ArrowSchema){.format = field_formats[i], .name = i ? "t" : "n", .flags = ARROW_FLAG_NULLABLE};
  *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 2, .children = children, .release = release_schema};
  return 0;
}

static int fake_open(const TableSource *source, const TableOption *options, uint32_t count, TableFile **out, struct ArrowSchema *schema, TableError *error) {
  char head[4] = "";
  uint64_t got;
  static TableFile file;
  file = (TableFile){*source, count == 2 && strcmp(options[1].name, "b") == 0 && strcmp(options[1].value, "2") == 0};
  if (source->read_at(source->self, source->size - 3, head, 3, &got, error) != 0) return -1;
  if (memcmp(head, "BAD", 3) == 0) abort();
  *out = &file;
  return fake_schema(NULL, schema);
}

static uint32_t fake_units(TableFile *file) { return file->told ? UNITS : 0; }
static void fake_unit(TableFile *file, uint32_t unit, TableUnit *out) { *out = (TableUnit){unit + 100, file->source.size}; }

static int fake_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  static const int64_t numbers[] = {7, 8, 9};
  static const int32_t offsets[] = {0, 3, 3, 5};
  static const uint8_t valid[] = {5};
  static const void *buffers[][3] = {{NULL, numbers}, {valid, offsets, "onexy"}, {NULL}};
  static struct ArrowArray columns[2], *children[] = {&columns[0], &columns[1]};
  (void)stream;
  *out = (struct ArrowArray){0};
  if (given++ == 2) return 0;
  columns[0] = (struct ArrowArray){.length = 3, .n_buffers = 2, .buffers = buffers[0]};
  columns[1] = (struct ArrowArray){.length = 3, .null_count = 1, .n_buffers = 3, .buffers = buffers[1]};
  *out = (struct ArrowArray){.length = 2, .offset = 1, .n_buffers = 1, .buffers = buffers[2], .n_children = 2, .children = children, .release = release_array};
  return 0;
}

static int fail_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  (void)out;
  return 5;
}

static const char *fake_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "a length is wrong\nleave it";
}

static int fake_read(TableFile *file, uint32_t unit, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  (void)file;
  if (max_rows != 1000 || (columns && (!columns[0] || columns[1] != 3))) return snprintf(error->text, sizeof error->text, "asked wrongly"), -1;
  if (unit == UNIT_CRASH) abort();
  while (unit == UNIT_HANG) sleep(1);
  given = 0;
  *out = (struct ArrowArrayStream){.get_schema = fake_schema, .get_next = unit == UNIT_ERROR ? fail_next : fake_next, .get_last_error = fake_error, .release = release_stream};
  return 0;
}

static void fake_close(TableFile *file) { file->told = false; }

static const TableModule fake = {.version = TABLE_MODULE_VERSION, .format = "fake", .open = fake_open, .units = fake_units, .unit = fake_unit, .read = fake_read, .close = fake_close};

static int work(const char *what) {
  Helper *program;
  DcError why = {0};
  if (helper_inside(&program, &why) != DC_OK) return 7;
  if (strcmp(what, "echo") == 0) return work_echo(program);
  if (strcmp(what, "orc") == 0) return (int)guard_serve(&fake, program, &why);
  if (strcmp(what, "crash") == 0) abort();
  if (strcmp(what, "killed") == 0) kill(getpid(), SIGKILL);
  if (strcmp(what, "idle") == 0) sleep(1000);
  for (volatile int i = 0; strcmp(what, "busy") == 0; i = 1 - i) {
  }
  return 3;
}

/* --- Talk --- */

static Helper *start(const char *what) {
  Helper *helper;
  DcError why = {0};
  ck_assert_msg(helper_start(what, &helper, &why) == DC_OK, "%s", why.message);
  return helper;
}

static pid_t echo(Helper *helper, uint32_t kind, uint64_t size) {
  HelperMessage message = {.kind = kind, .size = size};
  DcError why = {0};
  void *memory;
  ck_assert_int_eq(helper_send(helper, &message, &why), DC_OK);
  ck_assert_msg(helper_receive(helper, &message, &why) == DC_OK, "%s", why.message);
  ck_assert_uint_eq(message.kind, kind);
  ck_assert_uint_eq(message.size, size);
  ck_assert_int_eq(helper_memory(helper, size, &memory, &why), DC_OK);
  uint64_t right = 0;
  while (right < size && ((uint8_t *)memory)[right] == kind) right++;
  ck_assert_uint_eq(right, size);
  return (pid_t)message.number;
}

START_TEST(answers_and_shares_memory) {
  Helper *helper = start("echo");
  for (uint32_t kind = 1; kind < 20; kind++) echo(helper, kind, kind * 10);
  pid_t pid = echo(helper, 20, ECHO_SIZE);
  kill(pid, SIGINT); /* a key of the terminal is the program's affair */
  kill(pid, SIGTERM);
  ck_assert_int_eq(echo(helper, 21, 5), pid);
  helper_stop(helper);
  ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

static void check_end(const char *what, const char *message, const char *hint) {
  Helper *helper = start(what);
  HelperMessage answer;
  DcError why = {0};
  helper_set_limits(helper, 300, 400);
  ck_assert_int_eq(helper_receive(helper, &answer, &why), DC_FAIL);
  ck_assert_msg(strstr(why.message, message) != NULL, "'%s', not '%s'", why.message, message);
  ck_assert_str_eq(why.hint, hint);
  helper_stop(helper);
}

START_TEST(tells_how_it_ended) {
  check_end("other", "ended with status 3", "");
  check_end("crash", "crashed (Aborted)", "");
  check_end("killed", "was killed", "the system does so when memory is short");
  check_end("busy", " s of computing gave nothing", "");
  check_end("idle", " s went by without it doing anything", "");
}
END_TEST

START_TEST(ends_with_the_program) {
  int ends[2];
  pid_t pid = 0;
  int status;
  ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  ck_assert_int_eq(pipe(ends), 0);
  pid_t program = fork();
  if (program == 0) {
    Helper *helper = start("echo");
    pid = echo(helper, 1, 1);
    _exit(write(ends[1], &pid, sizeof pid) == (ssize_t)sizeof pid ? 0 : 1); /* as if it were killed */
  }
  ck_assert_int_eq(waitpid(program, &status, 0), program);
  ck_assert_int_eq(status, 0);
  ck_assert_int_eq(read(ends[0], &pid, sizeof pid), sizeof pid);
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(heeds_the_wish_to_end) {
  Helper *helper = start("idle");
  HelperMessage answer;
  DcError why = {0};
  interrupt_set();
  ck_assert_int_eq(helper_receive(helper, &answer, &why), DC_INTERRUPTED);
  interrupt_clear();
  helper_stop(helper);
}
END_TEST

/* --- Files --- */

static const char *content; /* of the file */

static int give_bytes(void *self, uint64_t offset, void *data, uint64_t size, uint64_t *got, TableError *error) {
  (void)self;
  if (!content) return snprintf(error->text, sizeof error->text, "the disk is gone"), -1;
  *got = strlen(content) - offset < size ? strlen(content) - offset : size;
  memcpy(data, content + offset, *got);
  return 0;
}

static const TableModule *module(void) {
  const TableModule *out;
  DcError why = {0};
  ck_assert_msg(guard_orc(&out, &why) == DC_OK, "%s", why.message);
  return out;
}

static int open_file(const char *bytes, TableFile **out, struct ArrowSchema *schema, TableError *error) {
  static const TableOption options[] = {{"a", ""}, {"b", "2"}};
  TableSource source = {.size = bytes ? strlen(bytes) : 10, .read_at = give_bytes};
  content = bytes;
  *error = (TableError){.text = ""};
  return module()->open(&source, options, 2, out, schema, error);
}

static void check_rows(TableFile *file) {
  static const uint8_t marks[] = {1, 3};
  static const int fields[] = {0, 1};
  struct ArrowArrayStream rows;
  struct ArrowSchema type;
  struct ArrowArray array;
  TableError error = {.text = ""};
  Batch *batch;
  ck_assert_msg(module()->read(file, UNIT_ROWS, marks, 1000, &rows, &error) == 0, "%s", error.text);
  ck_assert_int_eq(rows.get_schema(&rows, &type), 0);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(rows.get_next(&rows, &array), 0);
    ck_assert_int_eq(arrow_import(budget, &type, &array, fields, 2, 0, &batch, &err), DC_OK);
    ck_assert_str_eq(column_text(&batch->columns[0], batch->rows), "8 | 9");
    ck_assert_str_eq(column_text(&batch->columns[1], batch->rows), "null | xy");
    batch_unref(batch);
    array.release(&array);
  }
  ck_assert_int_eq(rows.get_next(&rows, &array), 0);
  ck_assert_ptr_null(array.release);
  type.release(&type);
  rows.release(&rows);
}

static void check_failure(TableFile *file, uint32_t unit, const char *message) {
  struct ArrowArrayStream rows = {0};
  struct ArrowArray array;
  TableError error = {.text = ""};
  if (module()->read(file, unit, NULL, 1000, &rows, &error) == 0) {
    ck_assert_int_ne(rows.get_next(&rows, &array), 0);
    snprintf(error.text, sizeof error.text, "%.500s", rows.get_last_error(&rows));
    rows.release(&rows);
  }
  ck_assert_str_eq(error.text, message);
}

START_TEST(reads_files_apart) {
  static const char crashed[] = "the file is damaged: the process that reads it crashed (Aborted)";
  TableFile *file;
  struct ArrowSchema schema;
  TableError error;
  TableUnit unit;
  ck_assert_msg(open_file("some bytes", &file, &schema, &error) == 0, "%s", error.text);
  ck_assert_str_eq(schema.children[1]->name, "t");
  ck_assert_uint_eq(module()->units(file), UNITS);
  module()->unit(file, 2, &unit);
  ck_assert_uint_eq(unit.rows, 102);
  ck_assert_uint_eq(unit.bytes, 10);
  check_rows(file);
  check_failure(file, UNIT_CRASH, crashed);
  check_rows(file); /* by another helper */
  check_failure(file, UNIT_ERROR, "a length is wrong\nleave it");
  check_rows(file);
  module()->close(file);
  schema.release(&schema);
  ck_assert_int_eq(open_file("this one is BAD", &file, &schema, &error), -1);
  ck_assert_str_eq(error.text, crashed);
  ck_assert_int_eq(open_file(NULL, &file, &schema, &error), -1);
  ck_assert_str_eq(error.text, "the disk is gone");
  ck_assert_int_eq(open_file("good again", &file, &schema, &error), 0);
  check_rows(file);
  schema.release(&schema);
  module()->close(file);
  guard_end();
}
END_TEST

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--helper") == 0) return work(argv[2]);
  Suite *suite = suite_create("helper");
  TCase *cases = tcase_create("helper");
  suite_add_tcase(suite, cases);
  tcase_add_checked_fixture(cases, setup, teardown);
  tcase_set_timeout(cases, 60);
  tcase_add_test(cases, answers_and_shares_memory);
  tcase_add_test(cases, tells_how_it_ended);
  tcase_add_test(cases, ends_with_the_program);
  tcase_add_test(cases, heeds_the_wish_to_end);
  tcase_add_test(cases, reads_files_apart);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? 1 : 0;
}
