/* stream.c - the rows of a partition as a stream of Arrow arrays: all of it but the fetching. */
#include <errno.h>

#include "sql/sql.h"

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  SqlStream *in = stream->private_data;
  if (!in->schema.release) return EINVAL;
  *out = in->schema;
  in->schema.release = NULL;
  return 0;
}

static const char *last_error(struct ArrowArrayStream *stream) {
  SqlStream *in = stream->private_data;
  snprintf(in->message, sizeof in->message, "%s%s%s", in->error.text, in->error.hint[0] ? "\n" : "", in->error.hint);
  return in->message;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  SqlStream *in = stream->private_data;
  *out = (struct ArrowArray){.release = NULL};
  if (!in->failed) in->failed = in->fetch(in, out) != 0;
  return in->failed ? EIO : 0;
}

static void release_stream(struct ArrowArrayStream *stream) {
  SqlStream *in = stream->private_data;
  stream->release = NULL;
  in->close(in);
}

int sql_stream_choose(SqlStream *stream, const SqlFields *fields, const uint8_t *marks, TableError *error) {
  uint32_t most = fields->chosen_count;
  stream->columns = calloc(most + 1, sizeof *stream->columns);
  stream->places = calloc(most + 1, sizeof *stream->places);
  if (!stream->columns || !stream->places) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < most; i++)
    if (!marks || marks[i]) stream->places[stream->count++] = fields->chosen[i];
  if (sql_schema(&stream->schema, stream->count) < 0) return SQL_NO_MEMORY(error);
  for (uint32_t i = 0; i < stream->count; i++) {
    const SqlField *field = &fields->all[stream->places[i]];
    sql_column_init(&stream->columns[i], field->format);
    if (sql_schema_field(&stream->schema, i, field->name, field->format) < 0) return SQL_NO_MEMORY(error);
  }
  return 0;
}

void sql_stream_give(SqlStream *stream, struct ArrowArrayStream *out) {
  *out = (struct ArrowArrayStream){.get_schema = get_schema, .get_next = get_next, .get_last_error = last_error, .release = release_stream, .private_data = stream};
}

int sql_stream_finish(SqlStream *stream, uint32_t rows, struct ArrowArray *out) {
  if (!rows || sql_columns_finish(stream->columns, stream->count, rows, out) == 0) return 0;
  return SQL_NO_MEMORY(&stream->error);
}

void sql_stream_free(SqlStream *stream) {
  if (stream->schema.release) stream->schema.release(&stream->schema);
  for (uint32_t i = 0; stream->columns && i < stream->count; i++) sql_column_free(&stream->columns[i]);
  free(stream->columns);
  free(stream->places);
  free(stream);
}
