/* reshape_text.c - columns to lines of delimited text, and lines to columns: each line is cut once for all columns. */
#include "engine/reshape_text.h"

#include "engine/structured.h"
#include "io/text_scan.h"

static const Str value_name = {"_value", 6};

/* --- Columns to text --- */

typedef struct ToText {
  Reshape reshape;
  TextDialect dialect;
  Str null_text;
  const int *columns; /* -1: the key */
  size_t count;
} ToText;

static void put_field(const ToText *to, Buf *out, Arena *arena, Value value) {
  if (value_is_null(value)) {
    buf_str(out, to->null_text);
    return;
  }
  Str text = value_to_str(arena, value);
  text_put_field(out, text, &to->dialect, to->null_text.data && str_eq(text, to->null_text));
}

static DcCode to_text_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const ToText *to = (const ToText *)self;
  Arena *arena = &worker->scratch;
  const Vector **vectors = arena_alloc(arena, (to->count + 1) * sizeof *vectors);
  int *numbers = arena_alloc(arena, (to->count + 1) * sizeof *numbers);
  Str *lines = arena_alloc(arena, (view->n + 1) * sizeof *lines);
  size_t fetched = 0;
  Buf line = {0};
  for (size_t c = 0; c < to->count; c++)
    if (to->columns[c] >= 0) numbers[fetched++] = to->columns[c];
  view_fetch(worker, view, numbers, fetched);
  for (size_t c = 0; c < to->count; c++)
    vectors[c] = to->columns[c] < 0 ? view_keys(worker, view) : view_column(worker, view, (uint32_t)to->columns[c]);
  for (uint32_t i = 0; i < view->n; i++) {
    line.len = 0;
    for (size_t c = 0; c < to->count; c++) {
      if (c) buf_char(&line, to->dialect.delimiter);
      put_field(to, &line, arena, vector_value(vectors[c], i));
    }
    lines[i] = arena_str(arena, str_make(line.data, line.len));
  }
  buf_free(&line);
  columns[0] = (Vector){.kind = VEC_STR, .as.strs = lines};
  return DC_OK;
}

Dataset *reshape_to_text(Dataset *in, const TextDialect *dialect, Str null_text, const int *columns, size_t count) {
  Dataset *node = reshape_node(in);
  ToText *to = reshape_new(node, sizeof *to, 1, (Position){0});
  to->reshape.apply = to_text_apply;
  to->dialect = *dialect;
  if (null_text.data) to->null_text = arena_str(&node->arena, null_text);
  to->columns = (const int *)(const void *)arena_copy(&node->arena, columns, count * sizeof *columns);
  to->count = count;
  node_schema(node, DS_PLAIN_TEXT, &value_name, 1);
  return node;
}

/* --- Text to columns --- */

typedef struct FromText {
  Reshape reshape;
  TextDialect dialect;
  Str null_text;
  bool ragged_null;
  int *fields;     /* ascending: of each column, the last one if no column has it, the one behind it */
  uint32_t wanted; /* how many */
  uint32_t last;   /* number of the last field */
} FromText;

/* Lines as one text that the scanner can cut. */
typedef struct Lines {
  const char *text;
  const uint32_t *offsets, *rows;
  unsigned flags;
} Lines;

/* A view of lines straight from a file is there already; other texts are put one behind the other. false: 4 GiB. */
static bool lines_of(Worker *worker, View *view, const FromText *from, Lines *out) {
  enum { PADDING = 64 };
  const Batch *batch = view->batch;
  Arena *arena = &worker->scratch;
  if (view->whole && batch->layout == BATCH_TEXT && batch->format->dialect.plain) {
    uint32_t first = batch->offsets[view->first], end = batch->offsets[view->first + view->n];
    bool quoted = view->rows || memchr(batch->text + first, from->dialect.quote, end - first);
    *out = (Lines){batch->text, view->rows ? batch->offsets : batch->offsets + view->first, view->rows, quoted ? ROWS_QUOTED : 0};
    return true;
  }
  const Vector *vector = view_column(worker, view, 0);
  uint32_t *offsets = arena_raw(arena, ((size_t)view->n + 1) * sizeof *offsets);
  size_t total = 0;
  Str *texts = arena_raw(arena, ((size_t)view->n + 1) * sizeof *texts);
  for (uint32_t i = 0; i < view->n; i++) {
    Value value = vector_value(vector, i);
    texts[i] = value_is_null(value) ? (Str){"", 0} : value_to_str(arena, value);
    total += texts[i].len + 1;
  }
  if (total > UINT32_MAX - PADDING) return false;
  char *text = arena_raw(arena, total + PADDING), *to = text;
  memset(text + total, 0, PADDING);
  for (uint32_t i = 0; i < view->n; i++) {
    offsets[i] = (uint32_t)(to - text);
    if (texts[i].len) memcpy(to, texts[i].data, texts[i].len);
    to += texts[i].len;
    *to++ = '\n';
  }
  offsets[view->n] = (uint32_t)total;
  *out = (Lines){text, offsets, NULL, memchr(text, from->dialect.quote, total) ? ROWS_QUOTED : 0};
  return true;
}

static DcCode too_short(const FromText *from, Worker *worker, View *view, uint32_t i, const Lines *lines) {
  DcError err = {0};
  uint32_t row = lines->rows ? lines->rows[i] : i;
  size_t len = lines->offsets[row + 1] - lines->offsets[row];
  size_t fields = text_count_fields(lines->text + lines->offsets[row], len, &from->dialect);
  dc_fail(&err, "textToColumnar: the line has %zu field%s, the columns need %u", fields, fields == 1 ? "" : "s", from->last + 1);
  dc_hint(&err, "@ragged = 'null' puts NULL for what is missing");
  dc_position(&err, from->reshape.pos);
  DcCode code = view_bad_row(worker, NULL, view, i, &err);
  if (code != DC_OK) worker->err = err;
  return code;
}

static DcCode finish_column(const FromText *from, Worker *worker, View *view, const Str *strs, const uint8_t *quoted, Vector *out) {
  uint8_t *nulls = NULL;
  for (uint32_t i = 0; i < view->n; i++) {
    bool null = !strs[i].data || (from->null_text.data && !quoted[i] && str_eq(strs[i], from->null_text));
    if (null && !nulls) nulls = arena_alloc(&worker->scratch, view->n);
    if (null) nulls[i] = 1;
  }
  *out = (Vector){.kind = VEC_STR, .nulls = nulls, .as.strs = strs};
  return DC_OK;
}

static DcCode check_lines(const FromText *from, Worker *worker, View *view, const Lines *lines, const Str *last, const Str *extra) {
  uint32_t extras = 0;
  for (uint32_t i = 0; i < view->n; i++) {
    extras += extra[i].data != NULL;
    if (!last[i].data && !from->ragged_null) DC_TRY(too_short(from, worker, view, i, lines));
  }
  if (extras) atomic_fetch_add(&worker->engine->extra_fields, extras);
  return DC_OK;
}

static DcCode from_text_apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const FromText *from = (const FromText *)self;
  Arena *arena = &worker->scratch;
  uint32_t count = self->column_count, wanted = from->wanted;
  Str **out = arena_alloc(arena, wanted * sizeof *out);
  uint8_t **quoted = arena_alloc(arena, wanted * sizeof *quoted);
  Lines lines;
  if (!lines_of(worker, view, from, &lines)) return dc_fail_at(&worker->err, DC_FAIL, self->pos, "textToColumnar: the lines are too long");
  for (uint32_t c = 0; c < wanted; c++) {
    out[c] = arena_alloc(arena, (view->n + 1) * sizeof **out);
    quoted[c] = arena_alloc(arena, view->n + 1);
  }
  text_fields(lines.text, lines.offsets, lines.rows, view->n, &from->dialect, lines.flags, from->fields, wanted, out,
              from->null_text.data ? quoted : NULL, arena);
  DC_TRY(check_lines(from, worker, view, &lines, out[wanted - 2], out[wanted - 1]));
  for (uint32_t c = 0; c < count; c++) DC_TRY(finish_column(from, worker, view, out[c], quoted[c], &columns[c]));
  return DC_OK;
}

Dataset *reshape_from_text(Dataset *in, const TextDialect *dialect, Str null_text, bool ragged_null, Position pos, const Str *names, size_t count) {
  Dataset *node = reshape_node(in);
  Str *kept = arena_alloc(&node->arena, (count + 1) * sizeof *kept);
  int *fields = arena_alloc(&node->arena, (count + 2) * sizeof *fields);
  uint32_t n = 0;
  for (size_t i = 0; i < count; i++) {
    if (str_is(names[i], "_")) continue;
    fields[n] = (int)i;
    kept[n++] = names[i];
  }
  uint32_t wanted = n;
  if (!n || fields[n - 1] != (int)count - 1) fields[wanted++] = (int)count - 1;
  fields[wanted++] = (int)count;
  FromText *from = reshape_new(node, sizeof *from, n, pos);
  from->reshape.apply = from_text_apply;
  from->dialect = *dialect;
  if (null_text.data) from->null_text = arena_str(&node->arena, null_text);
  from->ragged_null = ragged_null;
  from->fields = fields;
  from->wanted = wanted;
  from->last = (uint32_t)count - 1;
  node_schema(node, DS_COLUMNAR, kept, n);
  return node;
}
