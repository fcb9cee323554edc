/* table_files.h - tables in memory for tests of modules: bytes as a source, a sink that grows, and what a file holds as one text. */
#ifndef TESTS_UNIT_TABLE_FILES_H
#define TESTS_UNIT_TABLE_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/table_module.h"

typedef struct Bytes {
  uint8_t *data;
  size_t size, room, at; /* at: what read_next has given */
  size_t refuse_after;   /* a sink of so many bytes; 0: any number */
} Bytes;

static int bytes_read_at(void *self, uint64_t offset, void *data, uint64_t size, uint64_t *got, TableError *error) {
  (void)error;
  const Bytes *bytes = self;
  *got = offset >= bytes->size ? 0 : size < bytes->size - offset ? size : bytes->size - offset;
  if (*got > 0) memcpy(data, bytes->data + offset, *got);
  return 0;
}

static int bytes_read_next(void *self, void *data, uint64_t size, uint64_t *got, TableError *error) {
  Bytes *bytes = self;
  bytes_read_at(self, bytes->at, data, size < 100 ? size : 100, got, error); /* in small pieces, as from a pipe */
  bytes->at += *got;
  return 0;
}

static int bytes_write(void *self, const void *data, uint64_t size, TableError *error) {
  Bytes *bytes = self;
  if (bytes->refuse_after && bytes->size + size > bytes->refuse_after) {
    snprintf(error->text, sizeof error->text, "no space left on device");
    return -1;
  }
  if (bytes->size + size > bytes->room) {
    bytes->room = (bytes->size + size) * 2;
    bytes->data = realloc(bytes->data, bytes->room);
  }
  memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
  return 0;
}

static inline TableSource bytes_source(Bytes *bytes) {
  bytes->at = 0;
  return (TableSource){.self = bytes, .size = bytes->size, .read_at = bytes_read_at, .read_next = bytes_read_next};
}

static inline TableSink bytes_sink(Bytes *bytes) { return (TableSink){.self = bytes, .write = bytes_write}; }

static inline Bytes bytes_of_file(const char *path) {
  Bytes bytes = {0};
  FILE *file = fopen(path, "rb");
  uint8_t buffer[4096];
  for (size_t got; file && (got = fread(buffer, 1, sizeof buffer, file)) > 0;) bytes_write(&bytes, buffer, got, NULL);
  if (file) fclose(file);
  return bytes;
}

/* Gives each batch of an open file to take, unit by unit; -1 with the error where reading or take fails. */
static inline int table_each(const TableModule *module, TableFile *file, const uint8_t *columns, uint32_t max_rows,
                             int (*take)(void *self, struct ArrowArray *batch, TableError *error), void *self, TableError *error) {
  for (uint32_t unit = 0; unit < module->units(file); unit++) {
    struct ArrowArrayStream stream;
    if (module->read(file, unit, columns, max_rows, &stream, error) != 0) return -1;
    int status = 0;
    for (;;) {
      struct ArrowArray batch;
      if (stream.get_next(&stream, &batch) != 0) {
        const char *why = stream.get_last_error(&stream);
        snprintf(error->text, sizeof error->text, "%s", why ? why : "no reason");
        status = -1;
        break;
      }
      if (!batch.release) break;
      if ((status = take(self, &batch, error)) != 0) break;
    }
    stream.release(&stream);
    if (status != 0) return -1;
  }
  return 0;
}

typedef struct TableCopy {
  const TableModule *module;
  TableWriter *writer;
  uint64_t rows;
} TableCopy;

static inline int table_copy_batch(void *self, struct ArrowArray *batch, TableError *error) {
  TableCopy *copy = self;
  copy->rows += (uint64_t)batch->length;
  return copy->module->write(copy->writer, batch, error);
}

/* Reads a file by one module and writes it by another; *rows may be NULL. */
static inline int table_copy(const TableModule *from, Bytes *in, const TableModule *to, const TableOption *options, uint32_t option_count, uint32_t max_rows,
                             Bytes *out, uint64_t *rows, TableError *error) {
  TableSource source = bytes_source(in);
  TableSink sink = bytes_sink(out);
  TableFile *file;
  struct ArrowSchema schema;
  *error = (TableError){0};
  if (from->open(&source, NULL, 0, &file, &schema, error) != 0) return -1;
  TableCopy copy = {.module = to};
  int status = to->create(&sink, &schema, options, option_count, &copy.writer, error);
  if (status == 0) {
    status = table_each(from, file, NULL, max_rows, table_copy_batch, &copy, error);
    if (status == 0) status = to->finish(copy.writer, error);
    to->free_writer(copy.writer);
  }
  if (rows) *rows = copy.rows;
  schema.release(&schema);
  from->close(file);
  return status;
}

#endif
