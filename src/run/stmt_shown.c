/* stmt_shown.c - results for a human at a prompt: the value of a lone expression, the first rows of a SELECT. */
#include "run/session_internal.h"
#include "run/table.h"

enum { SHOWN_ROWS = 20, CELL_WIDTH = 60 };

static DcCode show_value(Session *session, const Expr *expr, DcError *err) {
  Value value;
  Buf out = {0};
  DC_TRY(session_eval(session, expr, NAMES_AS_TEXT, &value, err));
  if (value_is_null(value)) buf_text(&out, "NULL");
  else value_print(&out, value);
  buf_char(&out, '\n');
  return session_emit(session, &out, err);
}

/* One line of at most CELL_WIDTH characters: what would break the table is written as a blank. */
static void put_cell(Table *table, Value value) {
  Buf text = {0};
  size_t end = 0;
  if (value_is_null(value)) buf_text(&text, "NULL");
  else value_print(&text, value);
  for (size_t width = 0; end < text.len && width < CELL_WIDTH; width++)
    do {
      if ((unsigned char)text.data[end] < ' ') text.data[end] = ' ';
      end++;
    } while (end < text.len && ((unsigned char)text.data[end] & 0xC0) == 0x80);
  bool is_cut = end < text.len;
  text.len = end;
  if (is_cut) buf_text(&text, "…");
  table_str(table, str_make(text.data, text.len));
  buf_free(&text);
}

static bool all_numbers(const Value *cells, size_t rows, size_t columns, size_t column) {
  bool any = false;
  for (size_t i = 0; i < rows; i++) {
    Type type = cells[i * columns + column].type;
    if (type != TYPE_NULL && type != TYPE_INT && type != TYPE_DOUBLE && type != TYPE_DECIMAL) return false;
    any |= type != TYPE_NULL;
  }
  return any;
}

static void print_rows(Session *session, const Dataset *dataset, const Value *cells, size_t rows, bool more, Buf *out) {
  Arena *arena = session->cx.call.arena;
  size_t named = dataset_columns(dataset), columns = named ? named : 1;
  const char **heads = arena_alloc(arena, columns * sizeof *heads);
  Table table;
  for (size_t i = 0; i < columns; i++) {
    Str name = named ? dataset_column(dataset, i) : str_of("_value");
    heads[i] = arena_printf(arena, "%s%.*s", all_numbers(cells, rows, columns, i) ? ">" : "", STR_ARG(name)).data;
  }
  table_start(&table, heads, columns);
  for (size_t i = 0; i < rows * columns; i++) put_cell(&table, cells[i]);
  table_print(&table, out);
  if (more) buf_printf(out, "… the first %d rows; LIMIT n shows others, INTO makes a dataset\n", SHOWN_ROWS);
  else buf_printf(out, "%zu row%s\n", rows, rows == 1 ? "" : "s");
}

/* Reads no more rows than it shows, and one to know whether there are others. */
static DcCode show_select(Session *session, const Select *select, DcError *err) {
  static const Expr limit = {.kind = EXPR_LITERAL, .literal = {.type = TYPE_INT, .as.i = SHOWN_ROWS + 1}};
  Select shown = *select;
  Engine *engine;
  Dataset *dataset;
  Value *cells;
  size_t rows;
  Buf out = {0};
  if (shown.limit_kind == LIMIT_NONE) {
    shown.limit_kind = LIMIT_ROWS;
    shown.limit = &limit;
  }
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(select_one(session, &shown, &dataset, err));
  DcCode code = dataset_first(engine, dataset, SHOWN_ROWS + 1, session->cx.call.arena, &cells, &rows, err);
  if (code == DC_OK) {
    bool more = rows > SHOWN_ROWS;
    print_rows(session, dataset, cells, more ? SHOWN_ROWS : rows, more, &out);
    code = session_emit(session, &out, err);
  }
  dataset_unref(dataset);
  return code;
}

DcCode run_shown(Session *session, const Stmt *stmt, DcError *err) {
  return stmt->kind == STMT_EXPR ? show_value(session, stmt->as.expr, err) : show_select(session, stmt->as.select, err);
}
