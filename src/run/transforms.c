/* transforms.c - transforms by name, for ALTER and CALL: built in, own, and operations that have one input and one output. */
#include "engine/transform.h"
#include "engine/transform_builtin.h"
#include "run/session_internal.h"

/* --- Parameters --- */

/* A parameter whose name ends in * is declared for every name with that beginning; each becomes a variable. */
static bool is_family(Str declared) { return declared.len && declared.data[declared.len - 1] == '*'; }

static bool stands_for(Str declared, Str name) {
  return is_family(declared) ? str_starts(name, str_make(declared.data, declared.len - 1)) : str_eq(declared, name);
}

static void hint_parameters(const Definition *definition, DcError *err) {
  Buf names = {0};
  for (size_t i = 0; i < definition->param_count; i++) buf_printf(&names, "%s@%.*s", i ? ", " : "", STR_ARG(definition->params[i].name.text));
  if (names.len) dc_hint(err, "it has %.*s", (int)names.len, names.data);
  else dc_hint(err, "it has none");
  buf_free(&names);
}

DcCode session_check_arguments(const char *what, const Definition *definition, const ParamValue *given, size_t count, DcError *err) {
  for (size_t i = 0; i < count; i++) {
    bool known = false;
    Speller speller = speller_start(given[i].name);
    for (size_t k = 0; k < definition->param_count; k++) {
      known = known || stands_for(definition->params[k].name.text, given[i].name);
      speller_try(&speller, definition->params[k].name.text);
    }
    if (known) continue;
    Str best = speller_best(&speller);
    dc_fail_at(err, DC_FAIL, given[i].pos, "%s '%.*s' has no parameter @%.*s", what, STR_ARG(definition->name.text), STR_ARG(given[i].name));
    if (best.len) dc_hint(err, "did you mean @%.*s?", STR_ARG(best));
    else hint_parameters(definition, err);
    return DC_FAIL;
  }
  return DC_OK;
}

static void bind_family(Session *session, Str declared, const ParamValue *given, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (stands_for(declared, given[i].name)) variables_define(session->variables, given[i].name, given[i].value);
}

DcCode session_bind_arguments(Session *session, const char *what, const Definition *definition, const ParamValue *given, size_t count, Position pos, DcError *err) {
  for (size_t k = 0; k < definition->param_count; k++) {
    const Param *param = &definition->params[k];
    Value value = value_null();
    bool found = false;
    if (is_family(param->name.text)) {
      bind_family(session, param->name.text, given, count);
      continue;
    }
    for (size_t i = 0; i < count; i++)
      if (str_eq(param->name.text, given[i].name)) {
        value = given[i].value;
        found = true;
      }
    if (value_is_null(value) && param->value) DC_TRY(session_eval(session, param->value, NAMES_AS_TEXT, &value, err));
    else if (!found) {
      dc_fail_at(err, DC_FAIL, pos, "%s '%.*s' needs @%.*s", what, STR_ARG(definition->name.text), STR_ARG(param->name.text));
      dc_hint(err, "give it in parentheses: %.*s(@%.*s = …)", STR_ARG(definition->name.text), STR_ARG(param->name.text));
      return err->code;
    }
    variables_define(session->variables, param->name.text, value);
  }
  return DC_OK;
}

/* --- Names --- */

bool session_is_transform(const Session *session, Str name) {
  return !name.len || transform_is_builtin(name) || definitions_get(&session->transforms, name);
}

void session_spell_transform(const Session *session, Speller *speller) {
  size_t count;
  const TransformRow *rows = transform_rows(&count);
  for (size_t i = 0; i < count; i++) speller_try(speller, str_of(rows[i].name));
  Str own = definitions_spell(&session->transforms, speller->wanted);
  if (own.len) speller_try(speller, own);
}

static DcCode unknown_transform(const Session *session, const Invocation *invocation, Str name, DcError *err) {
  Speller speller = speller_start(name);
  static const char *const words[] = {"KEY", "PARTITION", "INTO", "TRANSFORM", "SET", "VALUE"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) speller_try(&speller, str_of(words[i]));
  session_spell_transform(session, &speller);
  Str procedure = definitions_spell(&session->procedures, name);
  if (procedure.len) speller_try(&speller, procedure);
  Str best = speller_best(&speller);
  dc_fail_at(err, DC_FAIL, invocation->name.pos, "unknown transform '%.*s'", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean %.*s?", STR_ARG(best));
  else dc_hint(err, "SHOW TRANSFORMS lists what there is");
  return DC_FAIL;
}

/* CALL and ALTER take both. */
DcCode define_procedure(Session *session, const Stmt *stmt, DcError *err) {
  const Definition *definition = stmt->as.definition;
  Str name = definition->name.text;
  if (transform_is_builtin(name)) return dc_fail_at(err, DC_FAIL, definition->name.pos, "the built-in transform %.*s cannot be replaced", STR_ARG(name));
  return definitions_add(&session->procedures, "PROCEDURE", definition, err);
}

DcCode define_transform(Session *session, const Stmt *stmt, DcError *err) {
  const Definition *definition = stmt->as.definition;
  DatasetType type;
  bool any;
  Str name = definition->name.text;
  if (transform_is_builtin(name)) {
    dc_fail_at(err, DC_FAIL, definition->name.pos, "the built-in transform %.*s cannot be replaced", STR_ARG(name));
    dc_hint(err, "choose another name");
    return err->code;
  }
  for (size_t i = 0; i <= definition->from_count; i++) {
    Str word = i < definition->from_count ? definition->from_types[i] : definition->into_type;
    if (transform_type(word, &type, &any)) continue;
    dc_fail_at(err, DC_FAIL, definition->name.pos, "transform '%.*s': %.*s is no type of datasets", STR_ARG(name), STR_ARG(word));
    dc_hint(err, "the types are COLUMNAR, STRUCTURED, TEXT, POINT, TRACK, POLYGON and ANY");
    return DC_FAIL;
  }
  return definitions_add(&session->transforms, "TRANSFORM", definition, err);
}

/* --- Own transforms --- */

/* The values of all parameters, and the names of the attributes that the definition gives, which may use them. */
static DcCode own_spec(Session *session, const Invocation *invocation, const ParamValue *given, TransformSpec *spec, DcError *err) {
  Arena *arena = session->cx.call.arena;
  const Definition *definition = spec->definition;
  Str *columns;
  size_t declared = definition->param_count, count = invocation->param_count;
  BodyVariable *params = arena_alloc(arena, (declared + count + 1) * sizeof *params);
  DC_TRY(session_bind_arguments(session, "transform", definition, given, count, invocation->pos, err));
  for (size_t i = 0; i < declared + count; i++) { /* those of families are only among the given ones */
    BodyVariable *param = &params[spec->param_count++];
    param->name = i < declared ? definition->params[i].name.text : given[i - declared].name;
    if (variables_get(session->variables, param->name, &param->value)) param->value = value_copy(arena, param->value);
  }
  spec->params = params;
  if (spec->columns) return DC_OK;
  Invocation defined = {.levels = definition->levels, .level_count = definition->level_count};
  DC_TRY(session_columns(session, &defined, &columns, &spec->column_count, err));
  for (size_t i = 0; columns && i < spec->column_count; i++) columns[i] = arena_str(arena, columns[i]); /* the parameters go */
  spec->columns = columns;
  return DC_OK;
}

static DcCode apply_own(Session *session, Engine *engine, const Invocation *invocation, const ParamValue *given, const Definition *definition, Dataset *in, Dataset **out, DcError *err) {
  TransformSpec spec = {.definition = definition, .pos = invocation->pos};
  Str *columns;
  DC_TRY(session_check_arguments("transform", definition, given, invocation->param_count, err));
  DC_TRY(session_columns(session, invocation, &columns, &spec.column_count, err));
  spec.columns = columns;
  variables_push(session->variables);
  DcCode code = own_spec(session, invocation, given, &spec, err);
  variables_pop(session->variables);
  return code == DC_OK ? dataset_transform(engine, in, &session->cx, &spec, out, err) : code;
}

/* Its body is run at once, so EXPLAIN cannot look into it without doing what it does. */
static DcCode apply_operation(Session *session, const Invocation *invocation, const Definition *procedure, Dataset *in, Dataset **out, DcError *err) {
  if (session->stmt->kind != STMT_EXPLAIN) return session_operation(session, invocation, procedure, in, out, err);
  dc_fail_at(err, DC_FAIL, invocation->pos, "there is no plan for '%.*s' without running it", STR_ARG(procedure->name.text));
  dc_hint(err, "EXPLAIN a statement about its result");
  return DC_FAIL;
}

DcCode session_transform(Session *session, const Invocation *invocation, Dataset *in, TransformUse use, Dataset **out, DcError *err) {
  Str name, *columns;
  size_t count;
  Engine *engine;
  ParamValue *given;
  (void)use;
  DC_TRY(session_name(session, &invocation->name, &name, err));
  const Definition *own = definitions_get(&session->transforms, name), *procedure = definitions_get(&session->procedures, name);
  if (!session_is_transform(session, name)) {
    if (procedure && procedure_alters(procedure)) return apply_operation(session, invocation, procedure, in, out, err);
    return unknown_transform(session, invocation, name, err);
  }
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(session_params(session, invocation, &given, err));
  if (own) return apply_own(session, engine, invocation, given, own, in, out, err);
  DC_TRY(session_columns(session, invocation, &columns, &count, err));
  if (!name.len) name = str_of("passthru");
  DcCode code = transform_builtin(engine, in, name, given, invocation->param_count, columns, count, out, err);
  return code == DC_OK ? DC_OK : dc_position(err, invocation->pos);
}
