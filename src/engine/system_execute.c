/* system_execute.c - EXEC: a statement that a database runs, with its values bound. */
#include "engine/system.h"
#include "value/json.h"

/* The type that a value is bound as. Arrays and objects go as their JSON text. */
static const struct ArrowSchema *bound_type(Value *value, Str name, Arena *arena) {
  static const struct ArrowSchema nothing = {.format = "n", .name = "", .flags = ARROW_FLAG_NULLABLE};
  if (value_is_null(*value)) return arrow_type_named(arena, &nothing, name);
  if (value->type == TYPE_ARRAY || value->type == TYPE_OBJECT) {
    Buf text = {0};
    json_put_value(&text, *value);
    *value = value_str(arena_str(arena, str_make(text.data, text.len)));
    buf_free(&text);
  }
  TypeGuess *guess = type_guess_new();
  type_guess_value(guess, *value);
  const struct ArrowSchema *type = type_guess_type(guess, name, arena);
  type_guess_free(guess);
  return type;
}

/* One row with a column for each value. */
static DcCode bind(Engine *engine, const ExecSpec *spec, Arena *arena, const struct ArrowSchema **types, struct ArrowArray *row, DcError *err) {
  size_t count = spec->value_count;
  const struct ArrowSchema **fields = arena_alloc(arena, (count + 1) * sizeof *fields);
  ColumnBuilder *builders = arena_alloc(arena, (count + 1) * sizeof *builders);
  Column *columns = arena_alloc(arena, (count + 1) * sizeof *columns);
  for (size_t i = 0; i < count; i++) {
    Value value = spec->values[i];
    fields[i] = bound_type(&value, arena_printf(arena, "?%zu", i + 1), arena);
    column_builder_init(&builders[i]);
    column_builder_add(&builders[i], value);
    columns[i] = column_builder_view(&builders[i], arena);
  }
  *types = arrow_type_record(arena, fields, count);
  DcCode code = arrow_export(engine->budget, columns, (uint32_t)count, 1, *types, row, err);
  for (size_t i = 0; i < count; i++) column_builder_free(&builders[i]);
  return code == DC_OK ? code : dc_position(err, spec->values_pos);
}

static DcCode run(SystemLink *link, const ExecSpec *spec, Arena *arena, int64_t *affected, DcError *err) {
  const struct ArrowSchema *types;
  struct ArrowArray row = {.release = NULL};
  TableError error = {0};
  if (!link->module->execute) return dc_fail_at(err, DC_FAIL, spec->adapter_pos, "%s runs no statements", link->module->name);
  DC_TRY(bind(link->engine, spec, arena, &types, &row, err));
  const char *text = arena_str(arena, value_get_str(spec->statement)).data;
  bool failed = link->module->execute(link->system, text, types, &row, affected, &error) != 0;
  row.release(&row);
  if (!failed) return DC_OK;
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  (void)!typed_failed(link->module->name, &error, err);
  return dc_position(err, spec->statement_pos);
}

static DcCode find_system(const ExecSpec *spec, Arena *arena, FileOptions *file, DcError *err) {
  DC_TRY(file_options(spec->adapter, spec->adapter_pos, spec->params, spec->param_count, false, arena, file, err));
  if (!file->row->format->system) {
    dc_fail_at(err, DC_FAIL, spec->adapter_pos, "EXEC runs statements of databases; \"%.*s\" reads or writes files", STR_ARG(spec->adapter));
    dc_hint(err, "EXEC postgres(@url = …) 'DELETE FROM t'");
    return err->code;
  }
  if (spec->statement.type == TYPE_STRING && spec->statement.len) return DC_OK;
  dc_fail_at(err, DC_FAIL, spec->statement_pos, "the statement that EXEC runs is %s", value_is_null(spec->statement) ? "NULL" : "no text");
  dc_hint(err, value_is_null(spec->statement) ? "a variable that was not set is NULL: -v NAME=VALUE or LET sets it" : "EXEC postgres(@url = …) 'DELETE FROM t'");
  return err->code;
}

DcCode system_execute(Engine *engine, const ExecSpec *spec, int64_t *affected, DcError *err) {
  Arena arena = {0};
  FileOptions file;
  SystemLink *link = NULL;
  *affected = -1;
  DcCode code = find_system(spec, &arena, &file, err);
  if (code == DC_OK) {
    code = system_connect(engine, file.own, &link, err);
    if (code != DC_OK) dc_position(err, spec->adapter_pos);
  }
  if (code == DC_OK) code = run(link, spec, &arena, affected, err);
  system_close(link);
  arena_free(&arena);
  return code;
}
