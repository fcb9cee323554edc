/* test_avro.c - the module dcetl-avro.so on damaged files: whatever byte is flipped and wherever a file ends, it gives rows
 * or an error. Run with a sanitizer it shows that nothing outside of the bytes is read. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/module.h"
#include "value/table_module.h"

static const TableModule *module;

/* --- Bytes in memory --- */

typedef struct Memory {
  char *data;
  size_t len, at;
} Memory;

static int read_next(void *self, void *data, uint64_t size, uint64_t *got, TableError *error) {
  Memory *memory = self;
  (void)error;
  *got = memory->len - memory->at < size ? memory->len - memory->at : size;
  memcpy(data, memory->data + memory->at, *got);
  memory->at += *got;
  return 0;
}

static int write_bytes(void *self, const void *data, uint64_t size, TableError *error) {
  Memory *memory = self;
  (void)error;
  memory->data = realloc(memory->data, memory->len + size + 1);
  ck_assert_ptr_nonnull(memory->data);
  memcpy(memory->data + memory->len, data, size);
  memory->len += size;
  return 0;
}

/* --- A file of all sorts of columns, written by the module --- */

/* The head of a file whose schema is this, without codec, with a mark of 16 bytes 'm'. */
static void put_text(Memory *memory, const char *text, size_t len) {
  char size[2] = {(char)(0x80 | ((len << 1) & 0x7F)), (char)(len >> 6)};
  write_bytes(memory, size, 2, NULL);
  write_bytes(memory, text, len, NULL);
}

static const char SCHEMA[] =
  "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"l\",\"type\":\"long\"},{\"name\":\"s\",\"type\":[\"null\",\"string\"]},"
  "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"int\"]}},{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"double\"}},"
  "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}},{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}},"
  "{\"name\":\"u\",\"type\":[\"int\",\"null\",\"string\"]},{\"name\":\"d\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}},"
  "{\"name\":\"n\",\"type\":\"null\"},{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"z\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Z\",\"fields\":[{\"name\":\"x\",\"type\":\"float\"}]}]}]}";

/* Two rows: numbers as zigzag, texts with their lengths, arrays and maps as blocks that end in 0. */
static const char ROWS[] =
  "\x02" "\x02\x04hi" "\x06\x02\x02\x00\x02\x04\x00" "\x02\x02k\0\0\0\0\0\0\xf0\x3f\x00" "\x02" "xyz" "\x00\x0e" "\x04\x01\x00" "\x01" "\x02\0\0\x80\x3f"
  "\x03" "\x00" "\x00" "\x00" "\x00" "abc" "\x04\x02w" "\x02\xff" "\x00" "\x00";

static void make_file(Memory *memory) {
  char head[] = {2 << 1, (char)((sizeof ROWS - 1) << 1 | 0x80), (char)((sizeof ROWS - 1) >> 6)};
  write_bytes(memory, "Obj\1\x02", 5, NULL);
  put_text(memory, "avro.schema", 11);
  put_text(memory, SCHEMA, sizeof SCHEMA - 1);
  write_bytes(memory, "\0mmmmmmmmmmmmmmmm", 17, NULL);
  write_bytes(memory, head, sizeof head, NULL);
  write_bytes(memory, ROWS, sizeof ROWS - 1, NULL);
  write_bytes(memory, "mmmmmmmmmmmmmmmm", 16, NULL);
}

/* Reads a file from a block of exactly its size; rows: how many there are, -1: an error. What is read goes to a writer, if
   there is one. */
static int64_t read_file(const char *data, size_t len, const char *codec, Memory *copy) {
  Memory memory = {malloc(len + 1), len, 0};
  TableSource source = {.self = &memory, .size = UINT64_MAX, .read_next = read_next};
  TableError error = {0};
  TableFile *file;
  TableWriter *writer = NULL;
  struct ArrowSchema schema;
  struct ArrowArrayStream stream;
  int64_t rows = 0;
  memory.data = realloc(memory.data, len ? len : 1);
  memcpy(memory.data, data, len);
  if (module->open(&source, NULL, 0, &file, &schema, &error) != 0) {
    ck_assert(error.text[0]);
    free(memory.data);
    return -1;
  }
  TableSink sink = {copy, write_bytes};
  TableOption option = {"codec", codec};
  if (copy) ck_assert_int_eq(module->create(&sink, &schema, &option, 1, &writer, &error), 0);
  ck_assert_int_eq(module->read(file, 0, NULL, 1, &stream, &error), 0);
  for (struct ArrowArray batch;;) {
    if (stream.get_next(&stream, &batch) != 0) rows = -1;
    if (rows < 0 || !batch.release) break;
    rows += batch.length;
    if (writer) ck_assert_msg(module->write(writer, &batch, &error) == 0, "%s", error.text);
    else batch.release(&batch);
  }
  if (writer) ck_assert_int_eq(module->finish(writer, &error), 0);
  if (writer) module->free_writer(writer);
  stream.release(&stream);
  module->close(file);
  schema.release(&schema);
  free(memory.data);
  return rows;
}

static void damage(const Memory *whole, int step) {
  char *copy = malloc(whole->len);
  for (size_t i = 0; i < whole->len; i++) {
    int64_t rows = read_file(whole->data, i, NULL, NULL);
    ck_assert_msg(rows == -1 || rows == 0, "cut at %zu: %d rows", i, (int)rows); /* 0: just behind the head */
    for (int bit = 0; bit < 8; bit += step) {
      memcpy(copy, whole->data, whole->len);
      copy[i] = (char)(copy[i] ^ 1 << bit);
      rows = read_file(copy, whole->len, NULL, NULL);
      ck_assert_msg(rows == -1 || rows == 2, "byte %zu, bit %d: %d rows", i, bit, (int)rows);
    }
  }
  free(copy);
}

START_TEST(damaged_bytes_are_harmless) {
  Memory whole = {0};
  make_file(&whole);
  ck_assert_int_eq(read_file(whole.data, whole.len, NULL, NULL), 2);
  damage(&whole, 1);
  free(whole.data);
}
END_TEST

START_TEST(damaged_blocks_are_harmless) {
  static const char *const codecs[] = {"none", "deflate", "snappy", "zstandard", "bzip2", "xz"};
  Memory whole = {0};
  make_file(&whole);
  for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
    Memory packed = {0};
    ck_assert_int_eq(read_file(whole.data, whole.len, codecs[i], &packed), 2);
    ck_assert_int_eq(read_file(packed.data, packed.len, NULL, NULL), 2);
    damage(&packed, 5);
    free(packed.data);
  }
  free(whole.data);
}
END_TEST

int main(void) {
  const void *found;
  Module wanted = {.name = "avro", .symbol = "dcetl_avro_module", .version = TABLE_MODULE_VERSION, .what = "Avro files", .package = ""};
  if (module_need(&wanted, &found, &(DcError){0}) != DC_OK) return puts("skipped: no dcetl-avro.so"), 0;
  module = found;
  Suite *suite = suite_create("avro");
  TCase *cases = tcase_create("all");
  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, damaged_bytes_are_harmless);
  tcase_add_test(cases, damaged_blocks_are_harmless);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
