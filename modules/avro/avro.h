/* avro.h - the parts of the module dcetl-avro.so: schemas (schema.c), blocks (block.c), rows to Arrow arrays (decode.c) and
 * back (encode.c), files (read.c, write.c). The format is that of the Apache Avro specification 1.11.
 *
 * The binary encoding is read here, by code that checks each length against the bytes that are there: Avro's C library
 * crashes on damaged files.
 */
#ifndef MODULES_AVRO_H
#define MODULES_AVRO_H

#include "module.h"
#include "value/table_module.h"

enum { AVRO_SYNC = 16, AVRO_MOST_DEPTH = 64, AVRO_MOST_TYPES = 20000, AVRO_MOST_BLOCK = 1 << 30 };

/* --- Schemas --- */

typedef enum AvroKind {
  AVRO_NULL, AVRO_BOOLEAN, AVRO_INT, AVRO_LONG, AVRO_FLOAT, AVRO_DOUBLE, AVRO_BYTES, AVRO_STRING,
  AVRO_RECORD, AVRO_ENUM, AVRO_ARRAY, AVRO_MAP, AVRO_FIXED, AVRO_UNION,
} AvroKind;

typedef struct AvroType AvroType;
struct AvroType {
  AvroKind kind;
  bool decimal;        /* of bytes or fixed */
  char format[40];     /* Arrow's */
  AvroType **children; /* fields, items, branches; a branch that is null: NULL */
  char **names;        /* of them; symbols of an enum */
  size_t count;
  uint64_t size;       /* of a fixed */
  int branches;        /* of the union around it: 0: there is none, 1, or 2 with null */
  int null_branch;
};

typedef struct AvroSchema AvroSchema;
/* Reads JSON. The root is a record; another type becomes the field "value" of one. */
int avro_schema_read(const char *json, size_t len, AvroSchema **out, TableError *error);
const AvroType *avro_schema_root(const AvroSchema *schema);
void avro_schema_free(AvroSchema *schema); /* NULL is fine */
/* The fields whose mark is set (NULL: all) as an Arrow struct; the caller releases it. */
int avro_schema_arrow(const AvroType *root, const uint8_t *marks, struct ArrowSchema *out, TableError *error);
/* JSON of an Arrow struct's schema; a text that the caller frees. */
int avro_schema_write(const struct ArrowSchema *type, Bytes *out, TableError *error);

/* --- Blocks --- */

typedef enum AvroCodec { AVRO_PLAIN, AVRO_DEFLATE, AVRO_SNAPPY, AVRO_ZSTANDARD, AVRO_BZIP2, AVRO_XZ, AVRO_CODECS } AvroCodec;
/* By the name in files, "null", "deflate" …; AVRO_CODECS: unknown. */
AvroCodec avro_codec(const char *name, size_t len);
const char *avro_codec_name(AvroCodec codec);
int avro_codec_levels(AvroCodec codec); /* the highest; 0: it has none */
/* Both replace out; -1: text in error. level 0: the codec's default. */
int avro_unpack(AvroCodec codec, const uint8_t *data, size_t len, Bytes *out, TableError *error);
int avro_pack(AvroCodec codec, int level, const uint8_t *data, size_t len, Bytes *out, TableError *error);

/* --- Rows --- */

/* Bytes of a block that are still to be read. */
typedef struct Cursor {
  const uint8_t *p, *end;
  const char *wrong; /* what is wrong; NULL: nothing yet */
} Cursor;
int64_t cursor_long(Cursor *in);

typedef struct AvroColumn AvroColumn;
AvroColumn *avro_column_new(const AvroType *type); /* NULL: no memory */
void avro_column_free(AvroColumn *column);         /* NULL is fine */
void avro_column_read(AvroColumn *column, Cursor *in);
size_t avro_column_bytes(const AvroColumn *column);
/* Its values as an Arrow array; the column is empty then. */
int avro_column_finish(AvroColumn *column, struct ArrowArray *out);
void avro_skip(const AvroType *type, Cursor *in);
/* Can a value take no bytes at all? */
bool avro_may_be_empty(const AvroType *type);
/* A struct of `count` arrays, which are moved. */
int avro_struct(struct ArrowArray *children, size_t count, int64_t rows, struct ArrowArray *out);

/* Appends row i of an array. -1: it does not fit. */
int avro_encode(const struct ArrowSchema *type, const struct ArrowArray *array, int64_t row, Bytes *out, TableError *error);
void avro_put_long(Bytes *out, int64_t value);

/* --- Files: functions of the TableModule --- */
int avro_open(const TableSource *source, const TableOption *options, uint32_t count, TableFile **file, struct ArrowSchema *schema, TableError *error);
uint32_t avro_units(TableFile *file);
void avro_unit(TableFile *file, uint32_t unit, TableUnit *out);
int avro_read(TableFile *file, uint32_t unit, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error);
void avro_close(TableFile *file);
int avro_create(const TableSink *sink, const struct ArrowSchema *schema, const TableOption *options, uint32_t count, TableWriter **out, TableError *error);
int avro_write(TableWriter *writer, struct ArrowArray *batch, TableError *error);
uint64_t avro_group_rows(const TableWriter *writer);
int avro_finish(TableWriter *writer, TableError *error);
void avro_free_writer(TableWriter *writer);

#endif
