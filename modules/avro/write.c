/* write.c - writes object container files, and the table of this module. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro.h"

enum { BLOCK_BYTES = 64 << 10, GROUP_ROWS = 65536 };

struct TableWriter {
  TableSink sink;
  const struct ArrowSchema *schema;
  AvroCodec codec;
  int level;
  size_t block_bytes;
  Bytes head;   /* entries of the head, until it is written */
  int64_t entries;
  Bytes rows;   /* of the block */
  int64_t count;
  Bytes packed;
  uint8_t sync[AVRO_SYNC];
};

static int flush_bytes(TableWriter *writer, const Bytes *bytes, TableError *error) {
  if (bytes->failed) return MODULE_FAIL(error, "no memory left to write it");
  return bytes->len ? writer->sink.write(writer->sink.self, bytes->data, bytes->len, error) : 0;
}

static void put_entry(TableWriter *writer, const char *name, size_t name_len, const void *value, size_t len) {
  avro_put_long(&writer->head, (int64_t)name_len);
  bytes_put(&writer->head, name, name_len);
  avro_put_long(&writer->head, (int64_t)len);
  bytes_put(&writer->head, value, len);
  writer->entries++;
}

/* --- Options --- */

static int take_codec(TableWriter *writer, const char *value, TableError *error) {
  writer->codec = avro_codec(value, strlen(value));
  if (strcmp(value, "none") == 0) writer->codec = AVRO_PLAIN;
  if (strcmp(value, "zstd") == 0) writer->codec = AVRO_ZSTANDARD;
  if (writer->codec != AVRO_CODECS) return 0;
  MODULE_HINT(error, "known are none, deflate, snappy, zstandard, bzip2 and xz");
  return MODULE_FAIL(error, "Avro has no codec '%s'", value);
}

static int take_option(TableWriter *writer, const TableOption *option, TableError *error) {
  char *end;
  long number = strtol(option->value, &end, 10);
  bool whole = *option->value && !*end;
  if (strcmp(option->name, "codec") == 0) return take_codec(writer, option->value, error);
  if (strcmp(option->name, "level") == 0) {
    if (!whole || number < 1 || number > 22) return MODULE_FAIL(error, "@level cannot be '%s': expected a whole number from 1", option->value);
    writer->level = (int)number;
  } else if (strcmp(option->name, "block_size") == 0) {
    if (!whole || number < 1 || number > AVRO_MOST_BLOCK / 2) return MODULE_FAIL(error, "@block_size cannot be '%s': expected bytes, at most 512 MiB", option->value);
    writer->block_bytes = (size_t)number;
  } else if (strcmp(option->name, "metadata") == 0) {
    const char *equals = strchr(option->value, '=');
    if (!equals || strncmp(option->value, "avro.", 5) == 0) return MODULE_FAIL(error, "@metadata cannot have '%s': expected names and texts, and no names of Avro's own", option->value);
    put_entry(writer, option->value, (size_t)(equals - option->value), equals + 1, strlen(equals + 1));
  }
  return 0;
}

static int check_level(const TableWriter *writer, TableError *error) {
  int most = avro_codec_levels(writer->codec);
  if (!writer->level || writer->level <= most) return 0;
  if (!most) return MODULE_FAIL(error, "%s has no levels", avro_codec_name(writer->codec));
  return MODULE_FAIL(error, "%s has no level %d: it has 1 to %d", avro_codec_name(writer->codec), writer->level, most);
}

/* --- The head --- */

/* The mark between blocks has to be unlikely in data; it comes from the head, so that the same rows give the same file. */
static void make_sync(TableWriter *writer) {
  uint64_t hash[2] = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x9e3779b97f4a7c15)}; /* FNV-1a, twice */
  for (size_t i = 0; i < writer->head.len; i++)
    for (int k = 0; k < 2; k++) hash[k] = (hash[k] ^ writer->head.data[i]) * UINT64_C(0x100000001b3);
  memcpy(writer->sync, hash, AVRO_SYNC);
}

static int put_head(TableWriter *writer, TableError *error) {
  Bytes json = {0}, out = {0};
  const char *codec = avro_codec_name(writer->codec);
  int status = avro_schema_write(writer->schema, &json, error);
  if (status == 0) {
    put_entry(writer, "avro.schema", 11, json.data, json.len);
    put_entry(writer, "avro.codec", 10, codec, strlen(codec));
    make_sync(writer);
    bytes_put(&out, "Obj\1", 4);
    avro_put_long(&out, writer->entries);
    bytes_put(&out, writer->head.data, writer->head.len);
    avro_put_long(&out, 0);
    bytes_put(&out, writer->sync, AVRO_SYNC);
    status = writer->head.failed ? MODULE_FAIL(error, "no memory left to write it") : flush_bytes(writer, &out, error);
  }
  bytes_free(&json);
  bytes_free(&out);
  return status;
}

int avro_create(const TableSink *sink, const struct ArrowSchema *schema, const TableOption *options, uint32_t count, TableWriter **out, TableError *error) {
  TableWriter *writer = calloc(1, sizeof *writer);
  if (!writer) return MODULE_FAIL(error, "no memory left to write it");
  writer->sink = *sink;
  writer->schema = schema;
  writer->codec = AVRO_DEFLATE;
  writer->block_bytes = BLOCK_BYTES;
  int status = 0;
  for (uint32_t i = 0; i < count && status == 0; i++) status = take_option(writer, &options[i], error);
  if (status == 0) status = check_level(writer, error);
  if (status == 0) status = put_head(writer, error);
  if (status == 0) *out = writer;
  else avro_free_writer(writer);
  return status;
}

/* --- Blocks --- */

static int put_block(TableWriter *writer, TableError *error) {
  Bytes head = {0};
  if (!writer->count) return 0;
  if (writer->rows.failed || writer->rows.len > AVRO_MOST_BLOCK) return MODULE_FAIL(error, "a row of more than 1 GiB");
  int status = avro_pack(writer->codec, writer->level, writer->rows.data, writer->rows.len, &writer->packed, error);
  avro_put_long(&head, writer->count);
  avro_put_long(&head, (int64_t)writer->packed.len);
  bytes_put(&writer->packed, writer->sync, AVRO_SYNC);
  if (status == 0) status = flush_bytes(writer, &head, error);
  if (status == 0) status = flush_bytes(writer, &writer->packed, error);
  bytes_free(&head);
  writer->rows.len = 0;
  writer->count = 0;
  return status;
}

int avro_write(TableWriter *writer, struct ArrowArray *batch, TableError *error) {
  int status = 0;
  for (int64_t row = 0; row < batch->length && status == 0; row++) {
    for (int64_t i = 0; i < writer->schema->n_children && status == 0; i++)
      status = avro_encode(writer->schema->children[i], batch->children[i], row + batch->offset, &writer->rows, error);
    writer->count++;
    if (status == 0 && (writer->rows.len >= writer->block_bytes || writer->rows.failed)) status = put_block(writer, error);
  }
  batch->release(batch);
  return status;
}

uint64_t avro_group_rows(const TableWriter *writer) {
  (void)writer;
  return GROUP_ROWS;
}

int avro_finish(TableWriter *writer, TableError *error) { return put_block(writer, error); }

void avro_free_writer(TableWriter *writer) {
  if (!writer) return;
  bytes_free(&writer->head);
  bytes_free(&writer->rows);
  bytes_free(&writer->packed);
  free(writer);
}

extern const TableModule dcetl_avro_module;
MODULE_EXPORT const TableModule dcetl_avro_module = {
  .version = TABLE_MODULE_VERSION, .format = "avro", .in_order = true, .open = avro_open, .units = avro_units, .unit = avro_unit, .read = avro_read,
  .close = avro_close, .create = avro_create, .write = avro_write, .group_rows = avro_group_rows, .finish = avro_finish, .free_writer = avro_free_writer};
