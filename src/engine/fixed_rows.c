/* fixed_rows.c - lines to columns: fields of fixed width. */
#include "base/utf8.h"
#include "engine/fixed_adapter.h"
#include "engine/structured.h"

typedef struct FixedRows {
  Reshape reshape;
  const FixedOptions *options; /* a copy: the source may be gone before */
  int *column; /* of each field; -1: left out */
} FixedRows;

static Str trim(FixedTrim sides, Str text) {
  while ((sides & TRIM_LEFT) && text.len && *text.data == ' ') text.data++, text.len--;
  while ((sides & TRIM_RIGHT) && text.len && text.data[text.len - 1] == ' ') text.len--;
  return text;
}

static DcCode wrong_width(const FixedRows *rows, Worker *worker, View *view, uint32_t i, Str line, bool more) {
  const FixedOptions *options = rows->options;
  DcError err = {0};
  enum { SHOWN = 60 };
  size_t width = fixed_width(options, line);
  dc_fail(&err, "a line has %zu %s%s in place of %u: '%.*s%s'", width, options->bytes ? "byte" : "character", width == 1 ? "" : "s", options->total,
          (int)(line.len < SHOWN ? line.len : SHOWN), line.data, line.len > SHOWN ? "…" : "");
  dc_hint(&err, more ? "@extra = 'ignore' leaves the rest of lines out" : "@ragged = 'null' reads missing fields as NULL");
  dc_position(&err, rows->reshape.pos);
  DcCode code = view_bad_row(worker, NULL, view, i, &err);
  if (code != DC_OK) worker->err = err;
  return code;
}

/* The fields of a line; one that it does not have gets data NULL. Returns what is behind the last one. */
static Str cut_line(const FixedOptions *options, Str line, Str *fields) {
  bool simple = options->bytes || utf8_is_ascii(line);
  size_t at = 0;
  for (size_t f = 0; f < options->count; f++) {
    Str rest = str_make(line.data + at, line.len - at);
    size_t width = options->widths[f];
    size_t len = !simple ? utf8_offset(rest, width) : width < rest.len ? width : rest.len;
    fields[f] = rest.len ? str_make(rest.data, len) : (Str){NULL, 0};
    at += len;
  }
  return str_make(line.data + at, line.len - at);
}

static bool is_short(const FixedOptions *options, const Str *fields) {
  Str last = fields[options->count - 1];
  return !last.data || fixed_width(options, last) < options->widths[options->count - 1];
}

static DcCode apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const FixedRows *rows = (const FixedRows *)self;
  const FixedOptions *options = rows->options;
  Arena *arena = &worker->scratch;
  uint32_t count = self->column_count, extras = 0;
  const Vector *lines = view_column(worker, view, 0);
  Str **out = arena_alloc(arena, (count + 1) * sizeof *out), *fields = arena_alloc(arena, options->count * sizeof *fields);
  uint8_t **nulls = arena_alloc(arena, (count + 1) * sizeof *nulls);
  for (uint32_t c = 0; c < count; c++) out[c] = arena_alloc(arena, (view->n + 1) * sizeof **out);
  for (uint32_t i = 0; i < view->n; i++) {
    Str line = value_to_str(arena, vector_value(lines, i)), rest = cut_line(options, line, fields);
    bool few = options->text.ragged == MISMATCH_ERROR && is_short(options, fields), more = !options->record && trim(TRIM_BOTH, rest).len > 0;
    if (few || (more && options->text.extra == MISMATCH_ERROR)) DC_TRY(wrong_width(rows, worker, view, i, line, !few));
    else extras += more;
    for (size_t f = 0; f < options->count; f++) {
      int c = rows->column[f];
      if (c < 0) continue;
      out[c][i] = trim(options->trim, fields[f]);
      bool null = !fields[f].data || (options->text.null_text.data && str_eq(out[c][i], options->text.null_text));
      if (null && !nulls[c]) nulls[c] = arena_alloc(arena, view->n);
      if (null) nulls[c][i] = 1;
    }
  }
  if (extras) atomic_fetch_add(&worker->engine->extra_fields, extras);
  for (uint32_t c = 0; c < count; c++) columns[c] = (Vector){.kind = VEC_STR, .nulls = nulls[c], .as.strs = out[c]};
  return DC_OK;
}

Dataset *fixed_rows(Dataset *in, const FixedOptions *options, Position pos, const Str *names) {
  Dataset *node = reshape_node(in);
  Str *kept = arena_alloc(&node->arena, (options->count + 1) * sizeof *kept);
  int *column = arena_alloc(&node->arena, (options->count + 1) * sizeof *column);
  uint32_t count = 0;
  for (size_t i = 0; i < options->count; i++) {
    column[i] = str_is(names[i], "_") ? -1 : (int)count;
    if (column[i] >= 0) kept[count++] = names[i];
  }
  FixedRows *rows = reshape_new(node, sizeof *rows, count, pos);
  rows->reshape.apply = apply;
  FixedOptions *copy = (FixedOptions *)(void *)arena_copy(&node->arena, options, sizeof *options);
  copy->widths = (const uint32_t *)(const void *)arena_copy(&node->arena, options->widths, options->count * sizeof *options->widths);
  if (options->text.null_text.data) copy->text.null_text = arena_str(&node->arena, options->text.null_text);
  rows->options = copy;
  rows->column = column;
  node_schema(node, DS_COLUMNAR, kept, count);
  return node;
}
