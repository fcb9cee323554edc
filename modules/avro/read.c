/* read.c - object container files: head, blocks, rows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro.h"

enum { MOST_HEAD = 64 << 20, BATCH_BYTES = 32 << 20 };

struct TableFile {
  TableSource source;
  AvroSchema *schema;
  AvroCodec codec;
  uint8_t sync[AVRO_SYNC];
  Bytes input; /* read from the source; used up to `used` */
  size_t used;
  Bytes block; /* unpacked */
  Cursor cursor;
  int64_t rows;     /* left in the block */
  uint64_t number;  /* of the block, from 1 */
  bool ended;
};

/* --- Bytes --- */

/* Sees to it that `want` bytes are there, or as many as the file has; -1: the error. */
static int fill(TableFile *file, size_t want, TableError *error) {
  if (file->used && file->input.len - file->used < want) {
    memmove(file->input.data, file->input.data + file->used, file->input.len - file->used);
    file->input.len -= file->used;
    file->used = 0;
  }
  while (file->input.len - file->used < want) {
    uint64_t got = 0, step = file->input.len < 65536 ? 65536 : file->input.len; /* no more than twice of what is really there */
    if (file->source.stopped && file->source.stopped(file->source.self)) return MODULE_FAIL(error, "interrupted");
    if (!bytes_reserve(&file->input, step)) return MODULE_FAIL(error, "no memory left to read it");
    if (file->source.read_next(file->source.self, file->input.data + file->input.len, step, &got, error) != 0) return -1;
    if (!got) break;
    file->input.len += got;
  }
  return 0;
}

static Cursor cursor_of(TableFile *file) { return (Cursor){file->input.data + file->used, file->input.data + file->input.len, NULL}; }

/* Tries to read something whose size is not known from more and more bytes. 1: done. */
typedef int (*TryFn)(TableFile *file, Cursor *in, TableError *error);
static int read_some(TableFile *file, size_t most, TryFn try, const char *what, TableError *error) {
  for (size_t want = 4096;; want *= 4) {
    if (fill(file, want, error) < 0) return -1;
    Cursor in = cursor_of(file);
    int status = try(file, &in, error);
    if (status < 0) return -1;
    if (!in.wrong) {
      file->used = (size_t)(in.p - file->input.data);
      return 0;
    }
    if (file->input.len - file->used < want) return MODULE_FAIL(error, "%s is damaged or cut short: %s", what, in.wrong);
    if (want > most) return MODULE_FAIL(error, "%s is damaged: %s", what, in.wrong);
  }
}

/* --- The head --- */

static const uint8_t *text(Cursor *in, size_t *len) {
  int64_t size = cursor_long(in);
  *len = 0;
  if (in->wrong || size < 0 || size > in->end - in->p) {
    if (!in->wrong) in->wrong = "a text is cut short";
    return NULL;
  }
  const uint8_t *at = in->p;
  *len = (size_t)size;
  in->p += size;
  return at;
}

static int take_entry(TableFile *file, Cursor *in, const uint8_t **schema, size_t *schema_len, TableError *error) {
  size_t name_len, len;
  const uint8_t *name = text(in, &name_len), *value = text(in, &len);
  if (in->wrong) return 0;
  if (name_len == 11 && memcmp(name, "avro.schema", 11) == 0) *schema = value, *schema_len = len;
  if (name_len != 10 || memcmp(name, "avro.codec", 10) != 0 || !len) return 0;
  file->codec = avro_codec((const char *)value, len);
  if (file->codec != AVRO_CODECS) return 0;
  MODULE_HINT(error, "null, deflate, snappy, zstandard, bzip2 and xz can be read");
  return MODULE_FAIL(error, "its codec \"%.*s\" is not known", (int)(len < 100 ? len : 100), (const char *)value);
}

static int try_head(TableFile *file, Cursor *in, TableError *error) {
  const uint8_t *schema = NULL;
  size_t schema_len = 0;
  if (in->end - in->p < 4) return in->wrong = "it ends in its first bytes", 0;
  in->p += 4;
  for (int64_t count; (count = cursor_long(in)) != 0 && !in->wrong;) {
    if (count < 0) {
      (void)cursor_long(in);
      count = count == INT64_MIN ? 0 : -count;
    }
    for (; count > 0 && !in->wrong; count--)
      if (take_entry(file, in, &schema, &schema_len, error) < 0) return -1;
  }
  if (in->wrong) return 0;
  if (in->end - in->p < AVRO_SYNC) return in->wrong = "it ends in its head", 0;
  memcpy(file->sync, in->p, AVRO_SYNC);
  in->p += AVRO_SYNC;
  if (!schema) return MODULE_FAIL(error, "it has no schema");
  return avro_schema_read((const char *)schema, schema_len, &file->schema, error);
}

int avro_open(const TableSource *source, const TableOption *options, uint32_t count, TableFile **out, struct ArrowSchema *schema, TableError *error) {
  (void)options;
  (void)count;
  TableFile *file = calloc(1, sizeof *file);
  if (!file) return MODULE_FAIL(error, "no memory left to read it");
  file->source = *source;
  int status = fill(file, 4, error);
  if (status == 0 && (file->input.len < 4 || memcmp(file->input.data, "Obj\1", 4) != 0)) status = MODULE_FAIL(error, "it is no Avro file: it does not begin with Obj and 1");
  if (status == 0) status = read_some(file, MOST_HEAD, try_head, "its head", error);
  if (status == 0) status = avro_schema_arrow(avro_schema_root(file->schema), NULL, schema, error);
  if (status == 0) *out = file;
  else avro_close(file);
  return status;
}

uint32_t avro_units(TableFile *file) { return file ? 1 : 0; }

void avro_unit(TableFile *file, uint32_t unit, TableUnit *out) {
  (void)unit;
  *out = (TableUnit){.bytes = file->source.size == UINT64_MAX ? 0 : file->source.size};
}

void avro_close(TableFile *file) {
  if (!file) return;
  avro_schema_free(file->schema);
  bytes_free(&file->input);
  bytes_free(&file->block);
  free(file);
}

/* --- Blocks --- */

typedef struct BlockHead {
  int64_t rows, size;
} BlockHead;

static int read_block_head(TableFile *file, BlockHead *out, TableError *error) {
  if (fill(file, 20, error) < 0) return -1;
  file->ended = file->input.len == file->used;
  if (file->ended) return 0;
  Cursor in = cursor_of(file);
  *out = (BlockHead){cursor_long(&in), 0};
  out->size = cursor_long(&in);
  if (in.wrong) return MODULE_FAIL(error, "block %llu is cut short", (unsigned long long)file->number + 1);
  if (out->rows < 0 || out->size < 0 || out->size > AVRO_MOST_BLOCK)
    return MODULE_FAIL(error, "block %llu is damaged, or larger than 1 GiB", (unsigned long long)file->number + 1);
  file->used = (size_t)(in.p - file->input.data);
  return 0;
}

/* Each row takes a byte at least, unless the schema allows rows of nothing. */
static int check_rows(TableFile *file, TableError *error) {
  enum { MOST_EMPTY = 1 << 24 };
  const AvroType *root = avro_schema_root(file->schema);
  if (file->rows <= (avro_may_be_empty(root) ? MOST_EMPTY : file->cursor.end - file->cursor.p)) return 0;
  return MODULE_FAIL(error, "block %llu is damaged: it cannot hold as many rows as it says", (unsigned long long)file->number);
}

static int next_block(TableFile *file, TableError *error) {
  BlockHead head = {0};
  if (file->number && file->cursor.p != file->cursor.end)
    return MODULE_FAIL(error, "block %llu is damaged: bytes are left behind its rows", (unsigned long long)file->number);
  if (read_block_head(file, &head, error) < 0 || file->ended) return file->ended ? 0 : -1;
  file->number++;
  size_t size = (size_t)head.size;
  if (fill(file, size + AVRO_SYNC, error) < 0) return -1;
  if (file->input.len - file->used < size + AVRO_SYNC) return MODULE_FAIL(error, "it is cut short in block %llu", (unsigned long long)file->number);
  const uint8_t *data = file->input.data + file->used;
  if (memcmp(data + size, file->sync, AVRO_SYNC) != 0) return MODULE_FAIL(error, "block %llu is damaged: the mark behind it is wrong", (unsigned long long)file->number);
  if (avro_unpack(file->codec, data, size, &file->block, error) < 0) return -1;
  file->used += size + AVRO_SYNC;
  file->rows = head.rows;
  file->cursor = (Cursor){file->block.data, file->block.data + file->block.len, NULL};
  return check_rows(file, error);
}

/* --- Rows --- */

typedef struct RowStream {
  TableFile *file;
  uint8_t *marks;       /* of each column of the file */
  AvroColumn **columns; /* those that are wanted */
  size_t count;
  uint32_t max_rows;
  TableError error;
} RowStream;

static void release_stream(struct ArrowArrayStream *base) {
  RowStream *stream = base->private_data;
  for (size_t i = 0; i < stream->count && stream->columns; i++) avro_column_free(stream->columns[i]);
  free(stream->columns);
  free(stream->marks);
  free(stream);
  base->release = NULL;
}

static const char *last_error(struct ArrowArrayStream *base) { return ((RowStream *)base->private_data)->error.text; }

static int get_schema(struct ArrowArrayStream *base, struct ArrowSchema *out) {
  RowStream *stream = base->private_data;
  return avro_schema_arrow(avro_schema_root(stream->file->schema), stream->marks, out, &stream->error) < 0 ? ENOMEM : 0;
}

static int read_row(RowStream *stream) {
  TableFile *file = stream->file;
  const AvroType *root = avro_schema_root(file->schema);
  size_t k = 0;
  for (size_t i = 0; i < root->count; i++) {
    if (stream->marks[i]) avro_column_read(stream->columns[k++], &file->cursor);
    else avro_skip(root->children[i], &file->cursor);
  }
  file->rows--;
  if (!file->cursor.wrong) return 0;
  return MODULE_FAIL(&stream->error, "block %llu is damaged: %s", (unsigned long long)file->number, file->cursor.wrong);
}

static size_t bytes_so_far(const RowStream *stream) {
  size_t bytes = 0;
  for (size_t i = 0; i < stream->count; i++) bytes += avro_column_bytes(stream->columns[i]);
  return bytes;
}

static int finish_batch(RowStream *stream, int64_t rows, struct ArrowArray *out) {
  struct ArrowArray *arrays = calloc(stream->count + 1, sizeof *arrays);
  size_t made = 0;
  while (arrays && made < stream->count && avro_column_finish(stream->columns[made], &arrays[made]) == 0) made++;
  int status = arrays && made == stream->count ? avro_struct(arrays, made, rows, out) : -1;
  for (size_t i = 0; i < made; i++)
    if (arrays[i].release) arrays[i].release(&arrays[i]);
  free(arrays);
  return status < 0 ? MODULE_FAIL(&stream->error, "no memory left for its rows") : 0;
}

static int get_next(struct ArrowArrayStream *base, struct ArrowArray *out) {
  RowStream *stream = base->private_data;
  TableFile *file = stream->file;
  int64_t rows = 0;
  out->release = NULL;
  while (rows < stream->max_rows) {
    while (!file->rows && !file->ended)
      if (next_block(file, &stream->error) < 0) return EIO;
    if (file->ended) break;
    if (read_row(stream) < 0) return EIO;
    if (++rows % 256 == 0 && bytes_so_far(stream) > BATCH_BYTES) break;
    if (file->block.len > BATCH_BYTES && bytes_so_far(stream) > BATCH_BYTES) break; /* huge rows */
  }
  return !rows || finish_batch(stream, rows, out) == 0 ? 0 : ENOMEM;
}

int avro_read(TableFile *file, uint32_t unit, const uint8_t *columns, uint32_t max_rows, struct ArrowArrayStream *out, TableError *error) {
  const AvroType *root = avro_schema_root(file->schema);
  RowStream *stream = calloc(1, sizeof *stream);
  (void)unit;
  if (!stream) return MODULE_FAIL(error, "no memory left for its rows");
  *out = (struct ArrowArrayStream){get_schema, get_next, last_error, release_stream, stream};
  stream->file = file;
  stream->max_rows = max_rows ? max_rows : 1;
  stream->marks = calloc(root->count + 1, 1);
  stream->columns = calloc(root->count + 1, sizeof *stream->columns);
  bool good = stream->marks && stream->columns;
  for (size_t i = 0; i < root->count && good; i++) {
    stream->marks[i] = !columns || columns[i];
    if (stream->marks[i]) good = (stream->columns[stream->count++] = avro_column_new(root->children[i])) != NULL;
  }
  if (good) return 0;
  release_stream(out);
  return MODULE_FAIL(error, "no memory left for its rows");
}
