/* text_writer.c - writes delimited text, and records as lines of their own. */
#include "engine/copy.h"
#include "engine/text_adapter.h"
#include "io/text_scan.h"

static const TextOptions *options_of(const Copy *copy) { return copy->file.own; }

/* PlainText, Structured: the text form of each record is a line of its own, without quotes. */
static bool is_lines(const Schema *schema) { return schema->type == DS_PLAIN_TEXT || schema->type == DS_STRUCTURED; }

static void header(const Copy *copy, const Schema *schema, Buf *out) {
  const TextOptions *options = options_of(copy);
  if (!options->header || is_lines(schema)) return;
  for (uint32_t i = 0; i < schema->count; i++) {
    if (i) buf_char(out, options->dialect.delimiter);
    text_put_field(out, schema->names[i], &options->dialect, false);
  }
  buf_char(out, '\n');
}

static bool raw(const Copy *copy, const Batch *batch) {
  const TextOptions *options = options_of(copy);
  if (batch->layout != BATCH_TEXT || !batch->format->identity || (batch->flags & ROWS_RAGGED)) return false;
  const TextDialect *a = &batch->format->dialect, *b = &options->dialect;
  if (a->plain) return options->plain;
  return a->delimiter == b->delimiter && a->quote == b->quote && a->escape == b->escape && str_eq(batch->format->null_text, options->null_text) &&
         !batch->format->null_text.data == !options->null_text.data;
}

/* Numbers need no quotes: no byte of theirs is special in the dialect. */
static bool bare_numbers(const TextOptions *options) {
  static const char bytes[] = "0123456789+-.EINafinty";
  const TextDialect *dialect = &options->dialect;
  return !options->null_text.data && !memchr(bytes, dialect->delimiter, sizeof bytes - 1) && (!dialect->quote || !memchr(bytes, dialect->quote, sizeof bytes - 1)) &&
         (!dialect->escape || !memchr(bytes, dialect->escape, sizeof bytes - 1));
}

static void put_number(Buf *out, const Vector *vector, uint32_t i) {
  buf_reserve(out, 32);
  if (vector->constant) i = 0;
  char *to = out->data + out->len;
  out->len += vector->kind == VEC_INT ? int_print(vector->as.ints[i], to) : double_print(vector->as.doubles[i], to);
}

static void put_value(const TextOptions *options, Pen *pen, const Vector *vector, uint32_t i, bool plain) {
  if (vector_is_null(vector, i)) {
    buf_str(&pen->text, options->null_text);
    return;
  }
  if (plain && vector->kind == VEC_ANY) {
    value_print(&pen->text, vector_value(vector, i));
    return;
  }
  Str text = vector->kind == VEC_STR ? vector->as.strs[vector->constant ? 0 : i] : value_to_str(&pen->worker.scratch, vector_value(vector, i));
  bool looks_null = options->null_text.data && str_eq(text, options->null_text);
  if (plain) buf_str(&pen->text, text);
  else text_put_field(&pen->text, text, &options->dialect, looks_null && options->dialect.quote);
}

static DcCode put(const Copy *copy, Pen *pen, const Layout *layout, View *view, const Vector *const *columns) {
  const TextOptions *options = options_of(copy);
  bool plain = is_lines(&layout->schema), bare = bare_numbers(options);
  for (uint32_t i = 0; i < view->n; i++) {
    for (uint32_t c = 0; c < view->column_count; c++) {
      const Vector *vector = columns[c];
      if (c) buf_char(&pen->text, options->dialect.delimiter);
      bool number = bare && (vector->kind == VEC_INT || vector->kind == VEC_DOUBLE) && !vector_is_null(vector, i);
      if (number) put_number(&pen->text, vector, i);
      else put_value(options, pen, vector, i, plain);
    }
    buf_char(&pen->text, '\n');
  }
  return DC_OK;
}

const RecordWriter text_writer = {.header = header, .put = put, .raw = raw};
