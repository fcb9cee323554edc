/* test_arrow_module.c - the module dcetl-arrow.so alone: files in tests/data/tables, cut short at every byte and with
 * flipped bits, written and read again. Passes without a test where there is no such module. */
#include <check.h>
#include <dirent.h>

#include "base/module.h"
#include "table_files.h"

static const char folder[] = "tests/data/tables/";

typedef struct Kind {
  const char *suffix, *symbol;
  const TableModule *module;
} Kind;

static Kind kinds[] = {{".parquet", "dcetl_parquet_module", NULL},
                       {".orc", "dcetl_orc_module", NULL},
                       {".arrow", "dcetl_ipc_file_module", NULL},
                       {".arrows", "dcetl_ipc_stream_module", NULL}};
enum { PARQUET, ORC, ARROW, ARROWS, KINDS };

static bool open_modules(void) {
  for (int i = 0; i < KINDS; i++) {
    DcError err = {0};
    const void *found;
    Module wanted = {.name = "arrow", .symbol = kinds[i].symbol, .version = TABLE_MODULE_VERSION, .what = "tables", .package = "Arrow C++"};
    if (module_need(&wanted, &found, &err) != DC_OK) {
      dc_error_clear(&err);
      return false;
    }
    kinds[i].module = found;
  }
  return true;
}

static const TableModule *module_of(const char *name) {
  const char *suffix = strrchr(name, '.');
  for (int i = 0; suffix && i < KINDS; i++)
    if (strcmp(suffix, kinds[i].suffix) == 0) return kinds[i].module;
  return NULL;
}

/* Calls test with every file in the folder. */
static void each_file(void (*test)(const char *name, const TableModule *module, Bytes *bytes)) {
  DIR *files = opendir(folder);
  ck_assert_msg(files != NULL, "no folder %s: run it from the top of the tree", folder);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
    const TableModule *module = module_of(entry->d_name);
    if (!module) continue;
    char path[512];
    snprintf(path, sizeof path, "%s%s", folder, entry->d_name);
    Bytes bytes = bytes_of_file(path);
    test(entry->d_name, module, &bytes);
    free(bytes.data);
    count++;
  }
  closedir(files);
  ck_assert_int_gt(count, 0);
}

/* What a file holds, as the bytes of a stream, equal for equal values: by Parquet, which keeps nothing where a NULL is. */
static Bytes held(const TableModule *module, Bytes *bytes, uint32_t max_rows, const char *name) {
  Bytes between = {0}, out = {0};
  TableError error;
  int status = table_copy(module, bytes, kinds[PARQUET].module, NULL, 0, max_rows, &between, NULL, &error);
  ck_assert_msg(status == 0, "%s: %s", name, error.text);
  status = table_copy(kinds[PARQUET].module, &between, kinds[ARROWS].module, NULL, 0, max_rows, &out, NULL, &error);
  ck_assert_msg(status == 0, "%s: %s", name, error.text);
  free(between.data);
  return out;
}

static bool same(const Bytes *a, const Bytes *b) { return a->size == b->size && memcmp(a->data, b->data, a->size) == 0; }

/* --- Cut short --- */

static void cut(const char *name, const TableModule *module, Bytes *bytes) {
  const size_t whole = bytes->size, step = whole / 1000 + 1;
  for (bytes->size = 0; bytes->size < whole; bytes->size += bytes->size < 100 || bytes->size + 100 > whole ? 1 : step) {
    Bytes out = {0};
    TableError error;
    int status = table_copy(module, bytes, kinds[ARROWS].module, NULL, 0, 1000, &out, NULL, &error);
    ck_assert_msg(status != 0, "%s is read though it has %zu of %zu bytes", name, bytes->size, whole);
    ck_assert_msg(error.text[0] && !strchr(error.text, '%'), "%s: no message", name);
    free(out.data);
  }
}

START_TEST(notices_files_that_are_cut_short) { each_file(cut); }
END_TEST

/* --- Flipped bits --- */

static void flip(const char *name, const TableModule *module, Bytes *bytes) {
  if (module == kinds[ORC].module) return; /* the library's reader of ORC does not look at all lengths */
  uint64_t rows;
  TableError error;
  Bytes out = {0};
  ck_assert_int_eq(table_copy(module, bytes, kinds[ARROWS].module, NULL, 0, 1000, &out, &rows, &error), 0);
  for (size_t i = 0; i < bytes->size * 8; i += getenv("FLIP_ALL") ? 1 : bytes->size / 100 + 9) {
    bytes->data[i / 8] ^= (uint8_t)(1 << i % 8);
    uint64_t found;
    out.size = 0;
    int status = table_copy(module, bytes, kinds[ARROWS].module, NULL, 0, 1000, &out, &found, &error);
    ck_assert_msg(status != 0 || found == rows, "%s: %llu of %llu rows with bit %zu flipped", name, (unsigned long long)found, (unsigned long long)rows, i);
    bytes->data[i / 8] ^= (uint8_t)(1 << i % 8);
  }
  free(out.data);
}

START_TEST(loses_no_rows_by_flipped_bits) { each_file(flip); }
END_TEST

/* --- Written and read again --- */

static const char *const codecs[KINDS][8] = {{"none", "snappy", "gzip", "zstd", "lz4", "brotli"}, {"none", "snappy", "zlib", "zstd", "lz4"}, {"none", "lz4", "zstd"},
                                             {"none", "lz4", "zstd"}};

static void again(const char *name, const TableModule *module, Bytes *bytes) {
  Bytes right = held(module, bytes, 1000, name);
  for (int kind = 0; kind < KINDS; kind++) {
    if (kind == ORC && strstr(name, "_far")) continue; /* its times are read in nanoseconds */
    for (int c = 0; codecs[kind][c]; c++) {
      TableOption options[] = {{"codec", codecs[kind][c]}};
      Bytes out = {0}, pieces = {0};
      TableError error;
      int status = table_copy(module, bytes, kinds[kind].module, options, 1, 1000, &out, NULL, &error);
      if (status != 0 && kind == ORC) break; /* it has fewer types */
      ck_assert_msg(status == 0, "%s as %s, %s: %s", name, kinds[kind].suffix, codecs[kind][c], error.text);
      /* However the rows come, the same bytes are written; */
      ck_assert_int_eq(table_copy(module, bytes, kinds[kind].module, options, 1, 2, &pieces, NULL, &error), 0);
      /* but the reader of ORC leaves anything where a NULL is */
      ck_assert_msg(module == kinds[ORC].module || same(&out, &pieces), "%s as %s, %s: other bytes from other batches", name, kinds[kind].suffix, codecs[kind][c]);
      Bytes found = held(kinds[kind].module, &out, 1000, name);
      if (kind != ORC) ck_assert_msg(same(&found, &right), "%s as %s, %s: other values", name, kinds[kind].suffix, codecs[kind][c]);
      free(found.data);
      free(out.data);
      free(pieces.data);
    }
  }
  free(right.data);
}

START_TEST(reads_what_it_wrote) { each_file(again); }
END_TEST

START_TEST(passes_failures_of_the_sink) {
  Bytes bytes = bytes_of_file("tests/data/tables/types.arrow");
  for (int kind = 0; kind < KINDS; kind++) {
    if (kind == ORC) continue;
    Bytes whole = {0};
    TableError error;
    ck_assert_int_eq(table_copy(kinds[ARROW].module, &bytes, kinds[kind].module, NULL, 0, 1000, &whole, NULL, &error), 0);
    for (size_t room = 1; room < whole.size; room += whole.size / 100 + 1) {
      Bytes out = {.refuse_after = room};
      ck_assert_int_eq(table_copy(kinds[ARROW].module, &bytes, kinds[kind].module, NULL, 0, 1000, &out, NULL, &error), -1);
      ck_assert_str_eq(error.text, "no space left on device");
      free(out.data);
    }
    free(whole.data);
  }
  free(bytes.data);
}
END_TEST

/* Times of 96 bits come in nanoseconds, or in microseconds where nanoseconds have no room for one of them. */
static void type_of_first_column(const char *path, const char *expected) {
  Bytes bytes = bytes_of_file(path);
  TableSource source = bytes_source(&bytes);
  TableFile *file;
  struct ArrowSchema schema;
  TableError error = {0};
  ck_assert_msg(kinds[PARQUET].module->open(&source, NULL, 0, &file, &schema, &error) == 0, "%s", error.text);
  ck_assert_str_eq(schema.children[0]->format, expected);
  schema.release(&schema);
  kinds[PARQUET].module->close(file);
  free(bytes.data);
}

START_TEST(finds_room_for_old_times) {
  type_of_first_column("tests/data/tables/int96.parquet", "tsn:");
  type_of_first_column("tests/data/tables/int96_far.parquet", "tsu:");
}
END_TEST

/* Row groups of 8 of the numbers 0 to 19: what their statistics say. */
START_TEST(gives_bounds) {
  static const int64_t expected[][2] = {{0, 7}, {8, 15}, {16, 19}};
  const TableModule *module = kinds[PARQUET].module;
  Bytes bytes = bytes_of_file("tests/data/tables/v2_index.parquet");
  TableSource source = bytes_source(&bytes);
  TableFile *file;
  struct ArrowSchema schema;
  TableError error = {0};
  ck_assert_int_eq(module->open(&source, NULL, 0, &file, &schema, &error), 0);
  ck_assert_uint_eq(module->units(file), 3);
  for (uint32_t unit = 0; unit < 3; unit++) {
    struct ArrowArray bounds;
    int64_t nulls;
    ck_assert(module->bounds(file, unit, 0, &bounds, &nulls));
    const int64_t *values = (const int64_t *)bounds.buffers[1] + bounds.offset;
    ck_assert(bounds.length == 2 && values[0] == expected[unit][0] && values[1] == expected[unit][1] && nulls == 0);
    bounds.release(&bounds);
    ck_assert(module->bounds(file, unit, 1, &bounds, &nulls));
    ck_assert_int_eq(nulls, 1);
    bounds.release(&bounds);
  }
  schema.release(&schema);
  module->close(file);
  free(bytes.data);
}
END_TEST

int main(void) {
  if (!open_modules()) {
    printf("skipped: there is no module dcetl-arrow.so\n");
    return 0;
  }
  Suite *suite = suite_create("arrow module");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, notices_files_that_are_cut_short);
  tcase_add_test(cases, loses_no_rows_by_flipped_bits);
  tcase_add_test(cases, reads_what_it_wrote);
  tcase_add_test(cases, passes_failures_of_the_sink);
  tcase_add_test(cases, finds_room_for_old_times);
  tcase_add_test(cases, gives_bounds);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
