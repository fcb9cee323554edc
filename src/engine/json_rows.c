/* json_rows.c - texts of JSON to objects, or straight to columns: of those, only what their paths reach is made. */
#include "engine/json_adapter.h"
#include "engine/structured.h"

typedef struct JsonRows {
  Reshape reshape;
  JsonTwice twice;
  size_t count; /* of picks; 0: the object */
  JsonPick *picks;
} JsonRows;

static Str without_blanks(Str text) {
  while (text.len && memchr(" \t\r\n", text.data[text.len - 1], 4)) text.len--;
  return text;
}

static bool read_row(const JsonRows *rows, Arena *arena, Str text, Value *row, Str *why) {
  if (rows->count) return json_read_picks(arena, text, rows->picks, rows->count, rows->twice, row, why);
  if (!json_read_as(arena, text, rows->twice, row, why)) return false;
  *row = json_wrap(arena, *row);
  return true;
}

static DcCode apply(const Reshape *self, Worker *worker, View *view, Vector *columns) {
  const JsonRows *rows = (const JsonRows *)self;
  Arena *arena = &worker->scratch;
  uint32_t count = self->column_count;
  const Vector *texts = view_column(worker, view, 0);
  Value **values = arena_alloc(arena, (count + 1) * sizeof *values), *row = arena_alloc(arena, (count + 1) * sizeof *row);
  for (uint32_t c = 0; c < count; c++) values[c] = arena_alloc(arena, (view->n + 1) * sizeof **values);
  for (uint32_t i = 0; i < view->n; i++) {
    Str why = {0}, text = without_blanks(value_to_str(arena, vector_value(texts, i)));
    if (!text.len) {
      if (!view->bad) view->bad = arena_alloc(arena, view->n);
      view->bad[i] = 1;
    } else if (read_row(rows, arena, text, row, &why)) {
      for (uint32_t c = 0; c < count; c++) values[c][i] = row[c];
    } else {
      DC_TRY(structured_bad_json(self, worker, view, i, text, why));
    }
  }
  for (uint32_t c = 0; c < count; c++)
    columns[c] = rows->count ? vector_typed(arena, values[c], view->n) : (Vector){.kind = VEC_ANY, .as.values = values[c]};
  return DC_OK;
}

Dataset *json_rows(Dataset *in, Position pos, const Str *names, const Str *paths, size_t count, JsonTwice twice) {
  Dataset *node = reshape_node(in);
  JsonRows *rows = reshape_new(node, sizeof *rows, count ? (uint32_t)count : 1, pos);
  rows->reshape.apply = apply;
  rows->twice = twice;
  rows->count = count;
  rows->picks = arena_alloc(&node->arena, (count + 1) * sizeof *rows->picks);
  for (size_t i = 0; i < count; i++) rows->picks[i] = json_pick_of(&node->arena, paths[i]);
  if (count) node_schema(node, DS_COLUMNAR, names, count);
  else node_structured(node, NULL, 0);
  return node;
}
