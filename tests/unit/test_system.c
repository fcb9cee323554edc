/* test_system.c - systems that are no files, by a module that is made up: rows come in the order of the partitions whatever the
 * workers do; whichever of its calls fails, nothing is left open and nothing is written by halves; an interruption ends it. */
#include "base/interrupt.h"
#include "cli/packages.h"
#include "engine/system.h"
#include "unit/evaluate.h"

enum { PARTITIONS = 6, ARRAYS = 9 };

/* --- The module. Its handles are counted; call number fail_at fails. --- */

static struct Fake {
  atomic_int live, calls;
  int fail_at, stop_at;
  atomic_int inside; /* the writer */
  int64_t written, committed, sum;
  bool begun;
} fake;

static bool fails(TableError *error) {
  int call = atomic_fetch_add(&fake.calls, 1) + 1;
  if (call == fake.stop_at) interrupt_set();
  if (call != fake.fail_at) return false;
  snprintf(error->text, sizeof error->text, "call %d fails", call);
  return true;
}

static void *handle(size_t size) {
  atomic_fetch_add(&fake.live, 1);
  return dc_alloc(size);
}

static void drop(void *handle) {
  atomic_fetch_sub(&fake.live, 1);
  dc_free(handle);
}

static int connect(const SystemHost *host, const TableOption *options, uint32_t count, System **out, TableError *error) {
  (void)host;
  (void)options;
  (void)count;
  if (fails(error)) return -1;
  *out = handle(8);
  return 0;
}

static void close_system(System *system) { drop(system); }

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) dc_free(schema->children[i]);
  dc_free(schema->children);
  schema->release = NULL;
  atomic_fetch_sub(&fake.live, 1);
}

static void schema_of(struct ArrowSchema *out, const char *format) {
  atomic_fetch_add(&fake.live, 1);
  *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 1, .release = release_schema};
  out->children = dc_alloc(sizeof *out->children);
  out->children[0] = dc_alloc(sizeof **out->children);
  *out->children[0] = (struct ArrowSchema){.format = format, .name = "n", .flags = ARROW_FLAG_NULLABLE};
}

static int plan(System *system, const SystemQuery *query, SystemPlan **out, struct ArrowSchema *schema, uint32_t *partitions, TableError *error) {
  (void)system;
  if (fails(error)) return -1;
  *out = handle(8);
  schema_of(schema, "l");
  *partitions = query->partitions ? query->partitions : PARTITIONS;
  return 0;
}

static void free_plan(SystemPlan *plan) { drop(plan); }

typedef struct Rows {
  uint32_t partition, array;
  atomic_int inside;
  TableError error;
} Rows;

typedef struct Numbers {
  const void *buffers[2], *none;
  struct ArrowArray child, *children;
  int64_t *values;
} Numbers;

static void release_array(struct ArrowArray *array) {
  Numbers *numbers = array->private_data;
  dc_free(numbers->values);
  array->release = NULL;
  drop(numbers);
}

/* Arrays of 0 to 8 rows that count up from the partition's number times 1000. */
static void make_array(Rows *rows, struct ArrowArray *out) {
  Numbers *numbers = handle(sizeof *numbers);
  int64_t count = (rows->partition + rows->array * 5) % 9, first = rows->partition * 1000 + rows->array * 10;
  numbers->values = dc_alloc(9 * sizeof *numbers->values);
  for (int64_t i = 0; i < count; i++) numbers->values[i] = first + i;
  numbers->buffers[1] = numbers->values;
  numbers->child = (struct ArrowArray){.length = count, .n_buffers = 2, .buffers = numbers->buffers};
  numbers->children = &numbers->child;
  *out = (struct ArrowArray){.length = count, .n_buffers = 1, .buffers = &numbers->none, .n_children = 1, .children = &numbers->children, .release = release_array, .private_data = numbers};
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  Rows *rows = stream->private_data;
  if (fails(&rows->error)) return 5;
  schema_of(out, "l");
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  Rows *rows = stream->private_data;
  ck_assert_int_eq(atomic_fetch_add(&rows->inside, 1), 0); /* one at a time */
  int result = fails(&rows->error) ? 5 : 0;
  *out = (struct ArrowArray){.release = NULL};
  if (!result && rows->array < ARRAYS) make_array(rows, out);
  rows->array++;
  atomic_fetch_sub(&rows->inside, 1);
  return result;
}

static const char *get_last_error(struct ArrowArrayStream *stream) { return ((Rows *)stream->private_data)->error.text; }

static void release_stream(struct ArrowArrayStream *stream) {
  drop(stream->private_data);
  stream->release = NULL;
}

static int read_partition(SystemPlan *plan, uint32_t partition, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  (void)plan;
  (void)max_rows;
  ck_assert(!columns || columns[0]);
  if (fails(error)) return -1;
  Rows *rows = handle(sizeof *rows);
  rows->partition = partition;
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, rows};
  return 0;
}

static int target(System *system, const SystemTarget *target, SystemWriter **out, struct ArrowSchema *types, bool *skip, TableError *error) {
  (void)system;
  (void)target;
  if (fails(error)) return -1;
  *skip = false;
  *out = handle(8);
  schema_of(types, "l");
  return 0;
}

static int begin(SystemWriter *writer, const struct ArrowSchema *schema, TableError *error) {
  (void)writer;
  ck_assert_str_eq(schema->children[0]->format, "l");
  ck_assert(!fake.begun);
  fake.begun = true;
  return fails(error) ? -1 : 0;
}

static int write_rows(SystemWriter *writer, struct ArrowArray *batch, TableError *error) {
  (void)writer;
  ck_assert_int_eq(atomic_fetch_add(&fake.inside, 1), 0);
  const int64_t *values = batch->children[0]->buffers[1];
  for (int64_t i = 0; i < batch->length; i++) fake.sum = fake.sum * 31 % 1000003 + values[i + batch->children[0]->offset];
  fake.written += batch->length;
  batch->release(batch);
  atomic_fetch_sub(&fake.inside, 1);
  return fails(error) ? -1 : 0;
}

static int commit(SystemWriter *writer, TableError *error) {
  (void)writer;
  if (fails(error)) return -1;
  fake.committed = fake.written;
  return 0;
}

static void free_writer(SystemWriter *writer) {
  fake.begun = false;
  drop(writer);
}

static const SystemModule module = {
  .version = SYSTEM_MODULE_VERSION, .name = "Fake", .connect = connect, .close = close_system, .plan = plan, .read = read_partition, .free_plan = free_plan,
  .target = target, .begin = begin, .write = write_rows, .commit = commit, .free_writer = free_writer,
};

/* --- The tests --- */

static Engine *engine;

static void reset(int fail_at, int stop_at) {
  fake = (struct Fake){.fail_at = fail_at, .stop_at = stop_at};
  interrupt_clear();
}

static DcCode load(uint32_t partitions, Dataset **out, DcError *err) {
  LoadSpec spec = {.adapter = str_of("sqlite"), .path = value_text("t"), .partitions = partitions};
  return dataset_load(engine, &spec, out, err);
}

/* All numbers in the dataset's order; how many there are. */
static DcCode read_all(uint32_t partitions, int64_t *last, size_t *count, DcError *err) {
  Dataset *dataset;
  Arena arena = {0};
  Value values;
  DC_TRY(load(partitions, &dataset, err));
  DcCode code = dataset_values(engine, dataset, &arena, &values, err);
  *last = -1;
  *count = code == DC_OK ? values.as.array->count : 0;
  for (size_t i = 0; i < *count; i++) {
    ck_assert_int_gt(values.as.array->items[i].as.i, *last);
    *last = values.as.array->items[i].as.i;
  }
  arena_free(&arena);
  dataset_unref(dataset);
  return code;
}

static DcCode copy_all(DcError *err) {
  Dataset *dataset;
  ParamValue mode = {.name = str_of("mode"), .value = value_text("append")};
  CopySpec spec = {.adapter = str_of("sqlite"), .path = value_text("u"), .params = &mode, .param_count = 1};
  DC_TRY(load(0, &dataset, err));
  CopyItem item = {str_of("t"), dataset};
  return dataset_copy(engine, &item, 1, &spec, err);
}

static size_t expected_rows(uint32_t partitions) {
  size_t rows = 0;
  for (uint32_t p = 0; p < partitions; p++)
    for (uint32_t a = 0; a < ARRAYS; a++) rows += (p + a * 5) % 9;
  return rows;
}

START_TEST(rows_come_in_order) {
  for (uint32_t partitions = 1; partitions < 40; partitions += 3) {
    DcError err = {0};
    int64_t last;
    size_t count;
    reset(0, 0);
    ck_assert_msg(read_all(partitions, &last, &count, &err) == DC_OK, "%s", err.message);
    ck_assert_uint_eq(count, expected_rows(partitions));
    ck_assert_int_eq(atomic_load(&fake.live), 0);
  }
}
END_TEST

START_TEST(each_call_of_a_read_fails) {
  int calls = INT32_MAX;
  for (int fail_at = 1; fail_at <= calls; fail_at++) {
    DcError err = {0};
    int64_t last;
    size_t count;
    reset(fail_at, 0);
    DcCode code = read_all(0, &last, &count, &err);
    ck_assert_int_eq(atomic_load(&fake.live), 0);
    if (code == DC_OK) calls = fail_at; /* there were fewer */
    else ck_assert_ptr_nonnull(strstr(err.message, "Fake"));
    if (code != DC_OK) ck_assert_ptr_nonnull(strstr(err.message, "fails"));
  }
  ck_assert_int_gt(calls, PARTITIONS * ARRAYS);
}
END_TEST

START_TEST(each_call_of_a_copy_fails) {
  DcError err = {0};
  reset(0, 0);
  ck_assert_msg(copy_all(&err) == DC_OK, "%s", err.message);
  ck_assert_uint_eq((size_t)fake.committed, expected_rows(PARTITIONS));
  int calls = atomic_load(&fake.calls);
  int64_t sum = fake.sum;
  for (int fail_at = 1; fail_at <= calls; fail_at++) {
    err = (DcError){0};
    reset(fail_at, 0);
    DcCode code = copy_all(&err);
    ck_assert_int_eq(atomic_load(&fake.live), 0);
    ck_assert(code == DC_FAIL);
    ck_assert_int_eq(fake.committed, 0);
  }
  reset(0, 0);
  ck_assert_int_eq(copy_all(&err), DC_OK);
  ck_assert_int_eq(fake.sum, sum); /* the same rows in the same order */
}
END_TEST

START_TEST(an_interruption_ends_it) {
  for (int stop_at = 1; stop_at < 80; stop_at += 3) {
    DcError err = {0};
    reset(0, stop_at);
    DcCode code = copy_all(&err);
    ck_assert_int_eq(atomic_load(&fake.live), 0);
    if (code != DC_OK) ck_assert_int_eq(fake.committed, 0);
    if (code != DC_OK) ck_assert_int_eq(code, DC_INTERRUPTED);
  }
  interrupt_clear();
}
END_TEST

START_TEST(a_limit_stops_early) {
  DcError err = {0};
  Dataset *dataset;
  Arena arena = {0};
  Value values;
  reset(0, 0);
  ck_assert_int_eq(load(30, &dataset, &err), DC_OK);
  dataset = node_new(engine, NODE_LIMIT, dataset);
  dataset->limit_kind = LIMIT_ROWS;
  dataset->limit = 20;
  ck_assert_int_eq(dataset_values(engine, dataset, &arena, &values, &err), DC_OK);
  ck_assert_uint_eq(values.as.array->count, 20);
  dataset_unref(dataset);
  arena_free(&arena);
  ck_assert_int_eq(atomic_load(&fake.live), 0);
  ck_assert_int_lt(atomic_load(&fake.calls), 30 * ARRAYS);
}
END_TEST

static void set_up(int threads) {
  EngineOptions options = {.threads = threads, .memory = 64 << 20, .max_bad_records = UINT64_MAX};
  DcError err = {0};
  ck_assert_int_eq(engine_new(&options, &engine, &err), DC_OK);
}
static void with_four(void) { set_up(4); }
static void with_one(void) { set_up(1); }
static void tear_down(void) { engine_free(engine); }

static void add_case(Suite *suite, const char *name, void (*start)(void)) {
  TCase *tests = tcase_create(name);
  tcase_add_checked_fixture(tests, start, tear_down);
  tcase_add_test(tests, rows_come_in_order);
  tcase_add_test(tests, each_call_of_a_read_fails);
  tcase_add_test(tests, each_call_of_a_copy_fails);
  tcase_add_test(tests, an_interruption_ends_it);
  tcase_add_test(tests, a_limit_stops_early);
  tcase_set_timeout(tests, 60);
  suite_add_tcase(suite, tests);
}

int main(void) {
  Suite *suite = suite_create("system");
  packages_install();
  atomic_store(&sqlite_format.system->module->found, &module);
  add_case(suite, "four workers", with_four);
  add_case(suite, "one worker", with_one);
  return run_suite(suite);
}
