/* transforms.c - transforms by name, for ALTER and CALL: built in, own, and operations that have one input and one output. */
#include "run/session_internal.h"

bool session_is_transform(const Session *session, Str name) {
  (void)session;
  return !name.len || str_is(name, "passthru");
}

void session_spell_transform(const Session *session, Speller *speller) {
  (void)session;
  speller_try(speller, str_of("passthru"));
}

static DcCode unknown_transform(const Session *session, const Invocation *invocation, Str name, DcError *err) {
  Speller speller = speller_start(name);
  static const char *const words[] = {"KEY", "PARTITION", "INTO", "TRANSFORM", "SET", "VALUE"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) speller_try(&speller, str_of(words[i]));
  session_spell_transform(session, &speller);
  Str best = speller_best(&speller);
  dc_fail_at(err, DC_FAIL, invocation->name.pos, "unknown transform '%.*s'", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean %.*s?", STR_ARG(best));
  else dc_hint(err, "SHOW TRANSFORMS lists what there is");
  return DC_FAIL;
}

DcCode session_transform(Session *session, const Invocation *invocation, Dataset *in, TransformUse use, Dataset **out, DcError *err) {
  Str name;
  Str *columns;
  size_t count;
  Engine *engine;
  (void)use;
  DC_TRY(session_name(session, &invocation->name, &name, err));
  if (!session_is_transform(session, name)) {
    const Definition *procedure = definitions_get(&session->procedures, name);
    if (procedure && procedure_alters(procedure)) return session_operation(session, invocation, procedure, in, out, err);
    return unknown_transform(session, invocation, name, err);
  }
  DC_TRY(session_engine(session, &engine, err));
  DC_TRY(session_columns(session, invocation, &columns, &count, err));
  if (!columns) {
    *out = dataset_ref(in);
    return DC_OK;
  }
  DcCode code = dataset_alter_columns(engine, in, columns, count, out, err);
  return code == DC_OK ? DC_OK : dc_position(err, invocation->pos);
}
