/* json_template.c - the template is read as JSON once, with marks rewritten to texts that JSON can hold; for each record
 * the tree is copied where it has marks.
 *
 * A mark of column c is NUL, c in digits, NUL; one that stands alone has another NUL before. So templates have no NUL.
 */
#include "engine/json_template.h"

#include "engine/engine.h"
#include "value/json.h"

struct JsonTemplate {
  Value tree;
  uint8_t *columns;
};

/* --- Compiling --- */

static bool looks_like_name(Str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.data[i];
    bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
    if (!letter && c != '_' && !(i && (c == '.' || (c >= '0' && c <= '9')))) return false;
  }
  return text.len > 0;
}

static void put_mark(Buf *out, int column, bool in_text) {
  if (in_text) buf_printf(out, "\\u0000%d\\u0000", column);
  else buf_printf(out, "\"\\u0000\\u0000%d\\u0000\"", column);
}

/* A mark at p: its length with both signs, 0 if there is none. */
static size_t mark_at(Engine *engine, const char *p, const char *end, const Schema *schema, Position pos, int *column) {
  const char *close = memchr(p + 1, '$', (size_t)(end - p - 1));
  if (!close) return 0;
  Str name = str_make(p + 1, (size_t)(close - p - 1));
  *column = schema_column(schema, name);
  if (*column >= 0) return name.len + 2;
  if (looks_like_name(name)) engine_warn(engine, pos, "the template's $%.*s$ is no attribute and stays as it is", STR_ARG(name));
  return 0;
}

static void rewrite_marks(Engine *engine, Str text, const Schema *schema, Position pos, JsonTemplate *set, Buf *out) {
  const char *p = text.data, *end = p + text.len;
  bool in_text = false;
  while (p < end) {
    int column = -1;
    size_t len = *p == '$' ? mark_at(engine, p, end, schema, pos, &column) : 0;
    if (len) {
      put_mark(out, column, in_text);
      set->columns[column] = 1;
      p += len;
      continue;
    }
    if (in_text && *p == '\\' && p + 1 < end) buf_char(out, *p++);
    else if (*p == '"') in_text = !in_text;
    buf_char(out, *p++);
  }
}

DcCode json_template_compile(Engine *engine, Arena *arena, Str text, const Schema *schema, Position pos, const JsonTemplate **out, DcError *err) {
  if (memmem(text.data, text.len, "\\u0000", 6)) return dc_fail_at(err, DC_FAIL, pos, "a template cannot hold \\u0000");
  JsonTemplate *set = arena_alloc(arena, sizeof *set);
  set->columns = arena_alloc(arena, (size_t)schema->count + 1);
  Buf marked = {0};
  Str why = {0};
  rewrite_marks(engine, text, schema, pos, set, &marked);
  bool read = json_read(arena, str_make(marked.data, marked.len), &set->tree, &why);
  buf_free(&marked);
  if (!read) {
    dc_fail_at(err, DC_FAIL, pos, "@template is no JSON: %.*s", STR_ARG(why));
    dc_hint(err, "braces in a TDL text are written \\{ and \\}");
    return err->code;
  }
  set->tree = json_wrap(arena, set->tree);
  *out = set;
  return DC_OK;
}

static bool has_mark(Str text) { return text.len && memchr(text.data, 0, text.len); }

const Str *json_template_names(const JsonTemplate *set, Arena *arena, size_t *count) {
  const Object *object = set->tree.as.object;
  Str *names = arena_alloc(arena, (object->count + 1) * sizeof *names);
  *count = 0;
  for (size_t i = 0; i < object->count; i++)
    if (!has_mark(object->names[i])) names[(*count)++] = object->names[i];
  return names;
}

const uint8_t *json_template_columns(const JsonTemplate *set) { return set->columns; }

/* --- Filling --- */

static int read_column(const char **p) {
  int column = 0;
  for (; **p; (*p)++) column = column * 10 + (**p - '0');
  (*p)++;
  return column;
}

static Str fill_text(Arena *arena, Str text, const Value *row) {
  if (!has_mark(text)) return text;
  Buf out = {0};
  const char *p = text.data, *end = p + text.len;
  while (p < end) {
    if (*p) {
      buf_char(&out, *p++);
      continue;
    }
    p++;
    value_print(&out, row[read_column(&p)]);
  }
  Str made = arena_str(arena, str_make(out.data, out.len));
  buf_free(&out);
  return made;
}

static Value alone(Arena *arena, Value value) {
  Value read;
  Str why;
  if (value.type == TYPE_STRING && json_read(arena, value_get_str(value), &read, &why)) return read;
  if (value.type == TYPE_OBJECT) value.flags &= (uint8_t)~VALUE_RECORD;
  return value;
}

static DcCode fill(Arena *arena, Value node, const Value *row, Value *out, DcError *err);

static DcCode fill_object(Arena *arena, Value node, const Value *row, Value *out, DcError *err) {
  const Object *object = node.as.object;
  Str *names = arena_raw(arena, (object->count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (object->count + 1) * sizeof *values);
  for (size_t i = 0; i < object->count; i++) {
    bool marked = has_mark(object->names[i]);
    names[i] = fill_text(arena, object->names[i], row);
    for (size_t k = 0; k < i; k++)
      if (str_eq(names[k], names[i]) && (marked || has_mark(object->names[k])))
        return dc_fail(err, "the template gives the name \"%.*s\" twice", STR_ARG(names[i]));
    DC_TRY(fill(arena, object->values[i], row, &values[i], err));
  }
  *out = value_object(arena, names, values, object->count);
  out->flags = node.flags;
  return DC_OK;
}

static DcCode fill(Arena *arena, Value node, const Value *row, Value *out, DcError *err) {
  *out = node;
  if (node.type == TYPE_STRING && node.len > 2 && !node.as.s[0] && !node.as.s[1]) {
    const char *p = node.as.s + 2;
    *out = alone(arena, row[read_column(&p)]);
  } else if (node.type == TYPE_STRING) {
    *out = value_str(fill_text(arena, value_get_str(node), row));
  } else if (node.type == TYPE_OBJECT) {
    return fill_object(arena, node, row, out, err);
  } else if (node.type == TYPE_ARRAY) {
    const Array *array = node.as.array;
    Value *items = arena_raw(arena, (array->count + 1) * sizeof *items);
    for (size_t i = 0; i < array->count; i++) DC_TRY(fill(arena, array->items[i], row, &items[i], err));
    *out = value_array(arena, items, array->count);
  }
  return DC_OK;
}

DcCode json_template_fill(const JsonTemplate *set, Arena *arena, const Value *row, Value *out, DcError *err) {
  if (!(set->tree.flags & VALUE_WRAPPED)) return fill(arena, set->tree, row, out, err);
  DC_TRY(fill(arena, set->tree.as.object->values[0], row, out, err));
  *out = json_wrap(arena, *out);
  return DC_OK;
}
