/* json_writer.c - writes records as JSON: one object a line, or all as the elements of one array. */
#include <math.h>

#include "base/utf8.h"
#include "engine/copy.h"
#include "engine/json_adapter.h"

static const JsonOptions *options_of(const Copy *copy) { return copy->file.own; }
static bool is_array(const Copy *copy) { return options_of(copy)->layout == JSON_ARRAY; }

static void header(const Copy *copy, const Schema *schema, Buf *out) {
  (void)schema;
  if (is_array(copy)) buf_char(out, '[');
}

static void footer(const Copy *copy, const Schema *schema, Buf *out) {
  (void)schema;
  if (is_array(copy)) buf_text(out, "\n]\n");
}

static size_t separator(const Copy *copy) { return is_array(copy) ? 1 : 0; }

/* --- Values --- */

/* The grammar of RFC 8259, section 6. */
static bool is_number(Str text) {
  const char *p = text.data, *end = p + text.len;
  if (p < end && *p == '-') p++;
  const char *whole = p;
  while (p < end && *p >= '0' && *p <= '9') p++;
  if (p == whole || (*whole == '0' && p - whole > 1)) return false;
  if (p < end && *p == '.') {
    const char *fraction = ++p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    if (p == fraction) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    const char *exponent = p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    if (p == exponent) return false;
  }
  return p == end;
}

/* A text that is no UTF-8 cannot stand in JSON: a bad record. */
static DcCode bad_text(Pen *pen, View *view, uint32_t i, Str name, Str text) {
  DcError err = {0};
  enum { SHOWN = 40 };
  dc_fail(&err, "\"%.*s\" is no UTF-8 and cannot be written as JSON: '%.*s%s'", STR_ARG(name), (int)(text.len < SHOWN ? text.len : SHOWN), text.data,
          text.len > SHOWN ? "…" : "");
  dc_hint(&err, "@encoding says what a text file is written in when it is read");
  DcCode code = view_bad_row(&pen->worker, NULL, view, i, &err);
  if (code != DC_OK) pen->worker.err = err;
  else buf_text(&pen->text, "null");
  return code;
}

static void put_number(Buf *out, const Vector *vector, uint32_t i) {
  char text[32];
  if (vector->constant) i = 0;
  size_t len = vector->kind == VEC_INT ? int_print(vector->as.ints[i], text) : double_print(vector->as.doubles[i], text);
  if (vector->kind == VEC_DOUBLE && !isfinite(vector->as.doubles[i])) buf_text(out, "null");
  else buf_put(out, text, len);
}

static DcCode put_value(const Copy *copy, Pen *pen, View *view, const Vector *vector, Str name, uint32_t i) {
  Buf *out = &pen->text;
  if (vector->kind == VEC_INT || vector->kind == VEC_DOUBLE) {
    put_number(out, vector, i);
    return DC_OK;
  }
  Value value = vector_value(vector, i);
  if (value.type != TYPE_STRING) {
    json_put_value(out, value);
    return DC_OK;
  }
  Str text = value_get_str(value);
  if ((value.flags & VALUE_NUMBER) || (options_of(copy)->numbers && is_number(text))) buf_str(out, text);
  else if (utf8_is_ascii(text) || utf8_is_valid(text)) json_put_text(out, text);
  else return bad_text(pen, view, i, name, text);
  return DC_OK;
}

/* --- Records --- */

const Str *json_member_names(Arena *arena, const Schema *schema) {
  Str *names = arena_alloc(arena, (schema->count + 1) * sizeof *names);
  Buf text = {0};
  for (uint32_t c = 0; c < schema->count; c++) {
    text.len = 0;
    buf_char(&text, ',');
    json_put_text(&text, schema->names[c]);
    buf_char(&text, ':');
    names[c] = arena_str(arena, str_make(text.data, text.len));
  }
  buf_free(&text);
  return names;
}

static DcCode put_record(const Copy *copy, Pen *pen, const Schema *schema, View *view, const Vector *const *columns, const Str *names, uint32_t i) {
  bool omits = options_of(copy)->omit_null, first = true;
  buf_char(&pen->text, '{');
  for (uint32_t c = 0; c < schema->count; c++) {
    bool null = vector_is_null(columns[c], i);
    if (null && omits) continue;
    buf_put(&pen->text, names[c].data + first, names[c].len - first);
    first = false;
    if (null) buf_text(&pen->text, "null");
    else DC_TRY(put_value(copy, pen, view, columns[c], schema->names[c], i));
  }
  buf_char(&pen->text, '}');
  return DC_OK;
}

static DcCode put(const Copy *copy, Pen *pen, const Layout *layout, View *view, const Vector *const *columns) {
  const Schema *schema = &layout->schema;
  bool array = is_array(copy), objects = schema->type == DS_STRUCTURED;
  const Str *names = objects ? NULL : json_member_names(&pen->worker.scratch, schema);
  for (uint32_t i = 0; i < view->n; i++) {
    size_t start = pen->text.len;
    if (array) buf_text(&pen->text, ",\n");
    if (objects) json_put_value(&pen->text, vector_value(columns[0], i));
    else DC_TRY(put_record(copy, pen, schema, view, columns, names, i));
    if (!array) buf_char(&pen->text, '\n');
    if (view->bad && view->bad[i]) pen->text.len = start; /* it is dropped */
  }
  return DC_OK;
}

const RecordWriter json_writer = {.header = header, .footer = footer, .put = put, .separator = separator};
