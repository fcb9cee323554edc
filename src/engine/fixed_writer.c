/* fixed_writer.c - writes records as fields of fixed width. */
#include "base/utf8.h"
#include "engine/copy.h"
#include "engine/fixed_adapter.h"

static DcCode bad_value(Pen *pen, View *view, uint32_t i, DcError *err) {
  DcCode code = view_bad_row(&pen->worker, NULL, view, i, err);
  if (code != DC_OK) pen->worker.err = *err;
  return code;
}

static Str shown(Str text) {
  enum { MOST = 60 };
  return str_make(text.data, text.len < MOST ? text.len : MOST);
}

/* *text is what goes into field f: cut, or nothing where a bad record is forgiven. */
static DcCode fit(const FixedOptions *options, Pen *pen, View *view, uint32_t i, Str name, size_t f, Str *text) {
  DcError err = {0};
  bool broken = !options->record && text->len && (memchr(text->data, '\n', text->len) || memchr(text->data, '\r', text->len));
  size_t width = fixed_width(options, *text);
  if (!broken && width <= options->widths[f]) return DC_OK;
  Str part = shown(*text);
  if (broken) {
    dc_fail(&err, "\"%.*s\" has a line end, which lines of fixed width cannot hold: '%.*s'", STR_ARG(name), STR_ARG(part));
    dc_hint(&err, "STR_REPLACE takes it out, or @record writes without line ends");
  } else if (options->cut) {
    text->len = fixed_offset(options, *text, options->widths[f]);
    return DC_OK;
  } else {
    dc_fail(&err, "\"%.*s\" is %zu wide, its field %u: '%.*s'", STR_ARG(name), width, options->widths[f], STR_ARG(part));
    dc_hint(&err, "@cut = TRUE cuts such values");
  }
  *text = (Str){"", 0};
  return bad_value(pen, view, i, &err);
}

static void put_padding(Buf *out, char pad, size_t count) {
  if (!count) return;
  buf_reserve(out, count);
  memset(out->data + out->len, pad, count);
  out->len += count;
}

static void put_field(const FixedOptions *options, Buf *out, size_t f, Str text) {
  size_t missing = options->widths[f] - fixed_width(options, text);
  bool right = options->right_count && options->right[options->right_count > 1 ? f : 0];
  if (right) put_padding(out, options->pad, missing);
  buf_str(out, text);
  if (!right) put_padding(out, options->pad, missing);
}

static DcCode put(const Copy *copy, Pen *pen, const Layout *layout, View *view, const Vector *const *columns) {
  const FixedOptions *options = copy->file.own;
  const Schema *schema = &layout->schema;
  if (schema->count != options->count) {
    dc_fail_at(&pen->worker.err, DC_FAIL, options->pos, "the dataset has %u column%s for %zu width%s", schema->count, schema->count == 1 ? "" : "s",
               options->count, options->count == 1 ? "" : "s");
    dc_hint(&pen->worker.err, "a VALUE list says which columns are written");
    return DC_FAIL;
  }
  for (uint32_t i = 0; i < view->n; i++) {
    size_t start = pen->text.len;
    for (uint32_t c = 0; c < schema->count; c++) {
      Value value = vector_value(columns[c], i);
      Str text = value_is_null(value) ? options->text.null_text : value_to_str(&pen->worker.scratch, value);
      DC_TRY(fit(options, pen, view, i, schema->names[c], c, &text));
      put_field(options, &pen->text, c, text);
    }
    if (options->record) put_padding(&pen->text, options->pad, options->record - options->total);
    else buf_char(&pen->text, '\n');
    if (view->bad && view->bad[i]) pen->text.len = start; /* it is dropped */
  }
  return DC_OK;
}

const RecordWriter fixed_writer = {.put = put};
