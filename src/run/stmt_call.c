/* stmt_call.c - CALL of procedures, operations and transforms.
 *
 * A procedure with INPUT and OUTPUT works on hidden datasets: "#call7/input", "#call7/output:alias", and whatever it makes
 * under $TEMP. Its body finds their names in variables: $INPUT and $OUTPUT without aliases, else $"INPUT:alias" or, which
 * needs no quotes in a name, $INPUT.alias: "{$INPUT.signals}". Hidden names stand in no wildcard and in no list; they live
 * until the body has ended, when the outputs get their names and the rest is dropped. With inputs and outputs that have no
 * aliases the body runs once for each pair.
 */
#include "run/session_internal.h"

#include "lang/ast_walk.h"

enum { CALL_DEPTH_MAX = 1000 };

/* --- What the body of a procedure asks for: its variables INPUT, "INPUT:a", INPUT.a, and the same of OUTPUT --- */

typedef struct Use {
  Str kind;  /* INPUT or OUTPUT */
  Str alias; /* empty: none */
  bool optional; /* the body asks whether it IS NULL, or has a default for it */
} Use;

typedef struct Uses {
  Use *items;
  size_t count, cap;
  bool computed; /* a variable whose name is computed may be any of them */
} Uses;

static Use *find_use(const Uses *uses, Str kind, Str alias) {
  for (size_t i = 0; i < uses->count; i++)
    if (str_eq(uses->items[i].kind, kind) && str_eq(uses->items[i].alias, alias)) return &uses->items[i];
  return NULL;
}

static void add_use(Uses *uses, const Expr *variable, bool optional) {
  Str name = variable->name.text, alias = variable->path;
  if (variable->kind != EXPR_VAR) return;
  uses->computed = uses->computed || variable->name.parts;
  if (variable->name.parts || !is_call_variable(name) || str_is(name, "TEMP")) return;
  const char *colon = memchr(name.data, ':', name.len);
  if (colon) {
    alias = str_make(colon + 1, name.len - (size_t)(colon - name.data) - 1);
    name.len = (size_t)(colon - name.data);
  }
  Use *use = find_use(uses, name, alias);
  if (!use) {
    VEC_GROW(uses->items, uses->count, uses->cap);
    use = &uses->items[uses->count++];
    *use = (Use){name, alias, false};
  }
  use->optional = use->optional || optional;
}

static void see_expr(void *self, const Expr *expr) {
  if (expr->kind == EXPR_VAR) add_use(self, expr, false);
  if (expr->kind != EXPR_OP) return;
  bool asks = expr->op->special == SPECIAL_IS_NULL || expr->op->special == SPECIAL_IS_NOT_NULL || expr->op->special == SPECIAL_DEFAULT;
  if (asks) add_use(self, expr->items[0], true);
}

/* --- One round of a call: the datasets for one run of the body --- */

typedef struct Slot {
  Str alias;        /* empty: none */
  Str name;         /* of an output */
  Dataset *dataset; /* owned: an input until the body begins, an output when it has ended */
  Position pos;
} Slot;

typedef struct Round {
  Slot *inputs, *outputs;
  size_t input_count, output_count;
} Round;

static const Str input_kind = {"INPUT", 5}, output_kind = {"OUTPUT", 6};

/* The variable, and below the prefix the hidden name, that stand for an input or output. */
static Str slot_variable(Arena *arena, Str kind, Str alias) {
  return alias.len ? arena_printf(arena, "%.*s:%.*s", STR_ARG(kind), STR_ARG(alias)) : kind;
}

static Str hidden_name(Arena *arena, Str prefix, Str variable) { return arena_printf(arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(variable)); }

static DcCode refuse_slot(const Definition *procedure, const Uses *uses, Str kind, const Slot *slot, DcError *err) {
  Buf known = {0};
  for (size_t i = 0; i < uses->count; i++) {
    if (!str_eq(uses->items[i].kind, kind)) continue;
    buf_text(&known, known.len ? ", " : "");
    if (uses->items[i].alias.len) buf_str(&known, uses->items[i].alias);
    else buf_text(&known, "one without an alias");
  }
  dc_fail_at(err, DC_FAIL, slot->pos, "'%.*s' has no %.*s %.*s", STR_ARG(procedure->name.text), STR_ARG(kind),
             STR_ARG(slot->alias.len ? slot->alias : str_of("without an alias")));
  if (known.len) dc_hint(err, "its %.*s: %.*s", STR_ARG(kind), (int)known.len, known.data);
  else dc_hint(err, "a procedure finds the name of its %.*s in the variable $%.*s", STR_ARG(kind), STR_ARG(kind));
  buf_free(&known);
  return DC_FAIL;
}

static DcCode check_slots(const Definition *procedure, const Uses *uses, Str kind, const Slot *slots, size_t count, DcError *err) {
  for (size_t i = 0; i < count; i++) {
    if (!uses->computed && !find_use(uses, kind, slots[i].alias)) return refuse_slot(procedure, uses, kind, &slots[i], err);
    for (size_t k = 0; k < i; k++)
      if (str_eq(slots[k].alias, slots[i].alias))
        return dc_fail_at(err, DC_FAIL, slots[i].pos, "there are two %.*s %.*s", STR_ARG(kind), STR_ARG(slots[i].alias));
  }
  return DC_OK;
}

static bool has_slot(const Slot *slots, size_t count, Str alias) {
  for (size_t i = 0; i < count; i++)
    if (str_eq(slots[i].alias, alias)) return true;
  return false;
}

/* Everything that the call gives is asked for, and everything that the body needs is given. */
static DcCode check_round(const Definition *procedure, const Uses *uses, const Round *round, Position pos, DcError *err) {
  DC_TRY(check_slots(procedure, uses, input_kind, round->inputs, round->input_count, err));
  DC_TRY(check_slots(procedure, uses, output_kind, round->outputs, round->output_count, err));
  for (size_t i = 0; i < uses->count; i++) {
    const Use *use = &uses->items[i];
    bool given = str_eq(use->kind, input_kind) ? has_slot(round->inputs, round->input_count, use->alias)
                                               : has_slot(round->outputs, round->output_count, use->alias);
    if (use->optional || given) continue;
    const char *blank = use->alias.len ? " " : "";
    dc_fail_at(err, DC_FAIL, pos, "'%.*s' needs %.*s%s%.*s", STR_ARG(procedure->name.text), STR_ARG(use->kind), blank, STR_ARG(use->alias));
    dc_hint(err, "%.*s%s%.*s \"dataset\"", STR_ARG(use->kind), blank, STR_ARG(use->alias));
    return DC_FAIL;
  }
  return DC_OK;
}

/* --- Running a body --- */

/* A procedure, evaluated parameters, and what its body asks for. */
typedef struct Call {
  const Definition *procedure;
  const ParamValue *given;
  size_t given_count;
  Position pos;
  Uses uses;
  bool closed; /* a text of the library neither sees nor changes the script's variables */
} Call;

/* The variables of the inputs or outputs: one for each, and $INPUT or $OUTPUT with the names by alias. */
static void bind_slots(Session *session, Str kind, const Slot *slots, size_t count, Str prefix) {
  Arena *arena = session->cx.call.arena;
  Str *aliases = arena_alloc(arena, (count + 1) * sizeof *aliases);
  Value *names = arena_alloc(arena, (count + 1) * sizeof *names);
  size_t aliased = 0;
  for (size_t i = 0; i < count; i++) {
    Str variable = slot_variable(arena, kind, slots[i].alias);
    Value name = value_str(hidden_name(arena, prefix, variable));
    variables_define(session->variables, variable, name);
    aliases[aliased] = slots[i].alias;
    names[aliased] = name;
    aliased += slots[i].alias.len > 0;
  }
  if (!aliased) return;
  variables_define(session->variables, kind, value_object(arena, aliases, names, aliased));
}

/* The hidden datasets of the round and the variables that name them; those that the call leaves out are NULL, also where a
   call around this one has them. */
static void bind_round(Session *session, const Call *call, Round *round, Str prefix) {
  Arena *arena = session->cx.call.arena;
  for (size_t i = 0; i < call->uses.count; i++) {
    const Use *use = &call->uses.items[i];
    variables_define(session->variables, slot_variable(arena, use->kind, use->alias), value_null());
    variables_define(session->variables, use->kind, value_null());
  }
  bind_slots(session, input_kind, round->inputs, round->input_count, prefix);
  bind_slots(session, output_kind, round->outputs, round->output_count, prefix);
  for (size_t i = 0; i < round->input_count; i++) {
    Slot *slot = &round->inputs[i];
    datasets_put(&session->datasets, hidden_name(arena, prefix, slot_variable(arena, input_kind, slot->alias)), slot->dataset);
    slot->dataset = NULL;
  }
  variables_define(session->variables, str_of("TEMP"), value_str(hidden_name(arena, prefix, str_of("temp/"))));
}

/* The datasets that the body has made, into the slots. */
static DcCode take_outputs(Session *session, const Call *call, Round *round, Str prefix, DcError *err) {
  Arena *arena = session->cx.call.arena;
  for (size_t i = 0; i < round->output_count; i++) {
    Slot *slot = &round->outputs[i];
    Str variable = slot_variable(arena, output_kind, slot->alias);
    const DatasetEntry *entry = datasets_find(&session->datasets, hidden_name(arena, prefix, variable));
    if (!entry) {
      dc_fail_at(err, DC_FAIL, slot->pos, "'%.*s' has not made its output '%.*s'", STR_ARG(call->procedure->name.text), STR_ARG(slot->name));
      dc_hint(err, "its body has to make the dataset \"{$OUTPUT%s%.*s}\"", slot->alias.len ? "." : "", STR_ARG(slot->alias));
      return DC_FAIL;
    }
    slot->dataset = dataset_ref(entry->dataset);
  }
  return DC_OK;
}

/* Runs the body in a scope of its own. round may be NULL: a procedure without INPUT and OUTPUT. */
static DcCode run_body(Session *session, const Call *call, Round *round, Str prefix, DcError *err) {
  const Definition *procedure = call->procedure;
  if (session->call_depth == CALL_DEPTH_MAX) {
    dc_fail_at(err, DC_FAIL, call->pos, "procedures call each other more than %d deep", CALL_DEPTH_MAX);
    dc_hint(err, "is there a way through it that ends without a CALL?");
    return err->code;
  }
  session->call_depth++;
  if (call->closed) variables_push_closed(session->variables);
  else variables_push(session->variables);
  DcCode code = session_bind_arguments(session, "procedure", procedure, call->given, call->given_count, call->pos, err);
  if (code == DC_OK && round) bind_round(session, call, round, prefix);
  if (code == DC_OK) code = session_block(session, &procedure->body, err);
  if (session->flow == FLOW_RETURN) session->flow = FLOW_NEXT;
  variables_pop(session->variables);
  session->call_depth--;
  return code;
}

/* One round; the slots of its outputs get what it has made. */
static DcCode run_hidden(Session *session, const Call *call, Round *round, DcError *err) {
  Str prefix = arena_printf(session->cx.call.arena, "%s%llu/", HIDDEN_PREFIX, (unsigned long long)++session->calls);
  HiddenCall hidden = {prefix, session->datasets.names.count, session->call_depth + 1, &call->procedure->body};
  const HiddenCall *outer = session->hidden;
  DC_TRY(check_round(call->procedure, &call->uses, round, call->pos, err));
  session_release_hidden(session); /* of the call around this one, which may have handed on its input */
  session->hidden = &hidden;
  DcCode code = run_body(session, call, round, prefix, err);
  session->hidden = outer;
  if (code == DC_OK) code = take_outputs(session, call, round, prefix, err);
  session_drop_families(session, prefix);
  datasets_remove_from(&session->datasets, hidden.first, prefix);
  return code;
}

static DcCode prepare(Session *session, const Invocation *invocation, const Definition *procedure, Call *call, DcError *err) {
  ParamValue *given;
  DC_TRY(session_params(session, invocation, &given, err));
  DC_TRY(session_check_arguments("procedure", procedure, given, invocation->param_count, err));
  *call = (Call){.procedure = procedure, .given = given, .given_count = invocation->param_count, .pos = invocation->pos};
  call->closed = procedure == library_find(session->procedures.library, LIBRARY_PROCEDURE, procedure->name.text);
  block_each_expr(&procedure->body, see_expr, &call->uses);
  return DC_OK;
}

bool procedure_alters(const Definition *procedure) {
  Uses uses = {0};
  block_each_expr(&procedure->body, see_expr, &uses);
  bool alters = find_use(&uses, input_kind, (Str){0}) && find_use(&uses, output_kind, (Str){0});
  for (size_t i = 0; i < uses.count; i++) alters = alters && (!uses.items[i].alias.len || uses.items[i].optional);
  dc_free(uses.items);
  return alters;
}

void procedure_slots(const Definition *procedure, Buf *inputs, Buf *outputs) {
  Uses uses = {0};
  block_each_expr(&procedure->body, see_expr, &uses);
  for (size_t i = 0; i < uses.count; i++) {
    const Use *use = &uses.items[i];
    Buf *out = str_eq(use->kind, input_kind) ? inputs : outputs;
    buf_text(out, out->len ? ", " : "");
    buf_str(out, use->alias.len ? use->alias : str_of("any"));
  }
  dc_free(uses.items);
}

DcCode session_operation(Session *session, const Invocation *invocation, const Definition *procedure, Dataset *in, Dataset **out, DcError *err) {
  Call call;
  DC_TRY(prepare(session, invocation, procedure, &call, err));
  Slot input = {.dataset = dataset_ref(in), .pos = invocation->pos}, output = {.name = str_of("INTO"), .pos = invocation->pos};
  uint32_t before = session_enclose(session);
  DcCode code = run_hidden(session, &call, &(Round){&input, &output, 1, 1}, err);
  session->outer = before;
  dataset_unref(input.dataset);
  dc_free(call.uses.items);
  *out = output.dataset;
  return code;
}

/* --- INPUT and OUTPUT of the statement --- */

typedef struct CallIo {
  ChosenList inputs;  /* group: number of the scope */
  Str *prefixes;      /* of each scope */
  Slot *slots;        /* inputs, then outputs */
  size_t input_count, output_count;
  bool aliases;
} CallIo;

static bool has_alias(const Name *alias) { return alias->text.data || alias->parts; }

static bool is_wildcard(const Scope *scope) { return scope->kind == SCOPE_DATASET && scope->wildcard; }

static DcCode resolve_inputs(Session *session, const Stmt *stmt, CallIo *io, Str *aliases, DcError *err) {
  size_t anonymous = 0, count = stmt->as.call.input_count;
  for (size_t i = 0; i < count; i++) {
    const Scope *scope = &stmt->as.call.inputs[i];
    const Name *alias = &stmt->as.call.input_aliases[i];
    size_t before = io->inputs.count;
    aliases[i] = (Str){0};
    if (has_alias(alias)) DC_TRY(session_name(session, alias, &aliases[i], err));
    else anonymous++;
    DC_TRY(session_scope(session, scope, &io->inputs, &io->prefixes[i], err));
    for (size_t k = before; k < io->inputs.count; k++) io->inputs.items[k].group = (uint32_t)i;
    if (has_alias(alias) && is_wildcard(scope)) return dc_fail_at(err, DC_FAIL, scope->pos, "INPUT %.*s is one dataset, so it takes no *", STR_ARG(aliases[i]));
  }
  if (anonymous && anonymous < count) {
    dc_fail_at(err, DC_FAIL, stmt->pos, "some inputs have an alias and some have none");
    dc_hint(err, "INPUT alias FROM \"dataset\", …, or INPUT \"dataset\", …");
    return DC_FAIL;
  }
  io->aliases = io->aliases || (count && !anonymous);
  return DC_OK;
}

static void add_output(CallIo *io, Str alias, Str name, Position pos) {
  io->slots[io->input_count + io->output_count++] = (Slot){.alias = alias, .name = name, .pos = pos};
}

/* INTO prefix * makes one output for each dataset that the wildcard at the same place among the inputs has found. */
static DcCode expand_target(Session *session, const Stmt *stmt, size_t index, Str target, CallIo *io, DcError *err) {
  const Target *output = &stmt->as.call.outputs[index];
  bool wildcard = index < stmt->as.call.input_count && is_wildcard(&stmt->as.call.inputs[index]);
  if (wildcard != output->wildcard)
    return dc_fail_at(err, DC_FAIL, output->name.pos, "a wildcard goes with a wildcard: %s needs *", wildcard ? "OUTPUT" : "INPUT");
  if (!wildcard) {
    add_output(io, (Str){0}, target, output->name.pos);
    return DC_OK;
  }
  size_t head = io->prefixes[index].len;
  for (size_t i = 0; i < io->inputs.count; i++) {
    if (io->inputs.items[i].group != index) continue;
    Str source = io->inputs.items[i].name;
    Str name = arena_printf(session->cx.call.arena, "%.*s%.*s", STR_ARG(target), (int)(source.len - head), source.data + head);
    add_output(io, (Str){0}, name, output->name.pos);
  }
  return DC_OK;
}

static DcCode resolve_outputs(Session *session, const Stmt *stmt, CallIo *io, DcError *err) {
  size_t count = stmt->as.call.output_count;
  for (size_t i = 0; i < count; i++) {
    const Target *output = &stmt->as.call.outputs[i];
    Str target, alias = {0};
    DC_TRY(session_name(session, &output->name, &target, err));
    if (has_alias(&output->alias)) DC_TRY(session_name(session, &output->alias, &alias, err));
    if (has_alias(&output->alias) || io->aliases) {
      if (output->wildcard) return dc_fail_at(err, DC_FAIL, output->name.pos, "with aliases an output is one dataset, so it takes no *");
      add_output(io, alias, target, output->name.pos);
      io->aliases = true;
    } else {
      DC_TRY(expand_target(session, stmt, i, target, io, err));
    }
  }
  return DC_OK;
}

/* Without aliases inputs and outputs are pairs. */
static DcCode check_pairs(const Stmt *stmt, const CallIo *io, DcError *err) {
  if (io->aliases || !io->input_count || !io->output_count || io->input_count == io->output_count) return DC_OK;
  dc_fail_at(err, DC_FAIL, stmt->pos, "CALL has %zu inputs, but %zu outputs", io->input_count, io->output_count);
  dc_hint(err, "the first input makes the first output, and so on; inputs that belong together have aliases");
  return DC_FAIL;
}

static DcCode resolve_io(Session *session, const Stmt *stmt, CallIo *io, DcError *err) {
  Arena *arena = session->cx.call.arena;
  size_t scopes = stmt->as.call.input_count, outputs = stmt->as.call.output_count;
  Str *aliases = arena_alloc(arena, (scopes + 1) * sizeof *aliases);
  io->prefixes = arena_alloc(arena, (scopes + 1) * sizeof *io->prefixes);
  for (size_t i = 0; i < outputs; i++) io->aliases = io->aliases || has_alias(&stmt->as.call.outputs[i].alias);
  DC_TRY(resolve_inputs(session, stmt, io, aliases, err));
  io->input_count = io->inputs.count;
  io->slots = arena_alloc(arena, (io->input_count * 2 + outputs + 1) * sizeof *io->slots);
  DC_TRY(resolve_outputs(session, stmt, io, err));
  DC_TRY(check_pairs(stmt, io, err));
  for (size_t i = 0; i < io->input_count; i++) {
    const Chosen *chosen = &io->inputs.items[i];
    io->slots[i] = (Slot){.alias = aliases[chosen->group], .dataset = chosen->dataset, .pos = chosen->pos};
  }
  io->inputs.count = 0; /* the slots have the references */
  Outputs names = {0};
  DcCode code = DC_OK;
  for (size_t i = 0; i < io->output_count && code == DC_OK; i++) {
    const Slot *slot = &io->slots[io->input_count + i];
    code = outputs_check(session, &names, slot->name, slot->pos, err);
    (void)name_map_add(&names.names, slot->name);
  }
  outputs_free(&names);
  return code;
}

/* The round with this number; false: there is none. */
static bool get_round(const CallIo *io, size_t number, Round *round) {
  Slot *outputs = io->slots + io->input_count;
  if (io->aliases) {
    *round = (Round){io->slots, outputs, io->input_count, io->output_count};
    return number == 0;
  }
  *round = (Round){io->slots + number, outputs + number, io->input_count ? 1 : 0, io->output_count ? 1 : 0};
  return number < (io->input_count ? io->input_count : io->output_count);
}

static void free_io(CallIo *io) {
  for (size_t i = 0; io->slots && i < io->input_count + io->output_count; i++) dataset_unref(io->slots[i].dataset);
  chosen_free(&io->inputs);
}

/* --- The statement --- */

static DcCode call_transform(Session *session, const Stmt *stmt, CallIo *io, Outputs *outputs, DcError *err) {
  const Invocation *call = &stmt->as.call.call;
  if (io->aliases || !io->input_count || !io->output_count) {
    dc_fail_at(err, DC_FAIL, stmt->pos, "a transform makes one output of each input, without aliases");
    dc_hint(err, "CALL %.*s INPUT \"dataset\" OUTPUT \"result\"", STR_ARG(call->name.text));
    return DC_FAIL;
  }
  Round round;
  for (size_t i = 0; get_round(io, i, &round); i++) {
    Dataset *made;
    DC_TRY(session_transform(session, call, round.inputs->dataset, TRANSFORM_IN_CALL, &made, err));
    DC_TRY(outputs_add(session, outputs, round.outputs->name, round.outputs->pos, made, err));
  }
  return DC_OK;
}

/* While the body runs, the inputs' own names are of the past (see liveness.h). */
static DcCode call_procedure(Session *session, const Stmt *stmt, const Definition *procedure, CallIo *io, Outputs *outputs, DcError *err) {
  Call call;
  DC_TRY(prepare(session, &stmt->as.call.call, procedure, &call, err));
  uint32_t before = session->outer;
  if (!session->outer && session->position) session->outer = session->position + 1;
  DcCode code = DC_OK;
  Round round;
  if (!io->input_count && !io->output_count) {
    for (size_t i = 0; i < call.uses.count && code == DC_OK; i++) {
      Value ignored;
      if (!session_get_variable(session, call.uses.items[i].kind, &ignored)) code = check_round(procedure, &call.uses, &(Round){0}, stmt->pos, err);
    }
    if (code == DC_OK) code = run_body(session, &call, NULL, (Str){0}, err);
  }
  for (size_t i = 0; code == DC_OK && get_round(io, i, &round); i++) {
    code = run_hidden(session, &call, &round, err);
    for (size_t k = 0; code == DC_OK && k < round.output_count; k++) {
      Slot *made = &round.outputs[k];
      code = outputs_add(session, outputs, made->name, made->pos, made->dataset, err);
      made->dataset = NULL;
    }
  }
  session->outer = before;
  dc_free(call.uses.items);
  return code;
}

/* An adapter of no files. */
static bool is_system(Str name) {
  size_t elsewhere = 1;
  for (size_t i = 0; i < adapter_count(); i++)
    if (str_is(name, adapter_at(i)->name)) adapter_remote(adapter_at(i), &elsewhere);
  return !elsewhere;
}

static DcCode unknown_call(const Session *session, const Stmt *stmt, Str name, DcError *err) {
  Speller speller = speller_start(name);
  session_spell_transform(session, &speller);
  Str best = definitions_spell(&session->procedures, name);
  if (best.len) speller_try(&speller, best);
  best = speller_best(&speller);
  dc_fail_at(err, DC_FAIL, stmt->as.call.call.name.pos, "unknown procedure, operation or transform '%.*s'", STR_ARG(name));
  if (best.len) dc_hint(err, "did you mean '%.*s'?", STR_ARG(best));
  else if (is_system(name)) dc_hint(err, "a statement for the database stands behind it: EXEC %.*s(…) 'UPDATE …' USING […];", STR_ARG(name));
  else dc_hint(err, "SHOW TRANSFORMS lists what there is");
  return DC_FAIL;
}

static DcCode call_named(Session *session, const Stmt *stmt, CallIo *io, Outputs *outputs, DcError *err) {
  Str name;
  DC_TRY(session_name(session, &stmt->as.call.call.name, &name, err));
  const Definition *procedure = definitions_get(&session->procedures, name);
  if (!procedure && !session_is_transform(session, name)) return unknown_call(session, stmt, name, err);
  DC_TRY(resolve_io(session, stmt, io, err));
  if (procedure) return call_procedure(session, stmt, procedure, io, outputs, err);
  return call_transform(session, stmt, io, outputs, err);
}

DcCode run_call(Session *session, const Stmt *stmt, DcError *err) {
  CallIo io = {0};
  Outputs outputs = {0};
  DcCode code = call_named(session, stmt, &io, &outputs, err);
  free_io(&io);
  if (code == DC_OK) outputs_commit(session, &outputs);
  else outputs_free(&outputs);
  return code;
}
