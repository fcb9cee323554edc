/* stmt_build.c - makes statements for the grammar: data sets, variables, control flow. Definitions: define_build.c,
 * SELECT: select_build.c. */
#include "lang/stmt_build.h"

static List *list_add(Run *run, List *list, const void *item, size_t size) {
  Arena *arena = run->parser->arena;
  if (!list) list = arena_alloc(arena, sizeof *list);
  list->items = arena_room(arena, list->items, list->count, size);
  memcpy((char *)list->items + list->count * size, item, size);
  list->count++;
  return list;
}

void *arena_room(Arena *arena, void *items, size_t count, size_t size) {
  if (count & (count - 1)) return items; /* neither 0 nor a power of two: there is room */
  void *grown = arena_raw(arena, (count ? count * 2 : 1) * size);
  if (count) memcpy(grown, items, count * size);
  return grown;
}

List *list_stmt(Run *run, List *list, Stmt *stmt, const Token *end) {
  /* After an error the ';' may be one that was put in, outside of the tokens. */
  if (end > run->tokens && end < run->tokens + run->token_count) stmt->pos = pos_span(stmt->pos, end[-1].pos);
  return list_add(run, list, &stmt, sizeof(Stmt *));
}

List *list_param(Run *run, List *list, const Param *param) { return list_add(run, list, param, sizeof *param); }
List *list_scope(Run *run, List *list, const Scope *scope) { return list_add(run, list, scope, sizeof *scope); }
List *list_item(Run *run, List *list, const SelectItem *item) { return list_add(run, list, item, sizeof *item); }
List *list_sort(Run *run, List *list, const SortItem *item) { return list_add(run, list, item, sizeof *item); }
List *list_level(Run *run, List *list, const LevelList *level) { return list_add(run, list, level, sizeof *level); }
List *list_input(Run *run, List *list, const CallInput *input) { return list_add(run, list, input, sizeof *input); }
List *list_target(Run *run, List *list, const Target *target) { return list_add(run, list, target, sizeof *target); }
List *list_expr(Run *run, List *list, const Expr *expr) { return list_add(run, list, &expr, sizeof expr); }

List *list_name(Run *run, List *list, const Token *token) {
  Name name = name_make(run, token);
  return list_add(run, list, &name, sizeof name);
}

/* Level lists belong to the transform before them; alone they are a passthru. */
List *list_alteration(Run *run, List *list, const Alteration *alteration) {
  Alteration *last = list ? (Alteration *)list->items + list->count - 1 : NULL;
  bool levels = alteration->kind == ALTER_TRANSFORM && !alteration->transform.name.text.data && !alteration->transform.name.parts;
  if (!levels || !last || last->kind != ALTER_TRANSFORM) return list_add(run, list, alteration, sizeof *alteration);
  invocation_level(run, &last->transform, &alteration->transform.levels[0]);
  last->pos = pos_span(last->pos, alteration->pos);
  return list;
}

Block block_make(const List *stmts) { return stmts ? (Block){stmts->items, stmts->count} : (Block){0}; }

static void *items_of(const List *list, size_t *count) {
  *count = list ? list->count : 0;
  return list ? list->items : NULL;
}

/* ---- parts of statements ---- */

Param *param_new(Run *run, const Token *name, const Expr *value, const Token *comment, const Token *comment_behind) {
  Param *param = arena_alloc(run->parser->arena, sizeof *param);
  param->name = name_make(run, name);
  param->value = value;
  if (comment_behind) comment = comment_behind;
  if (comment) param->comment = text_comment(run, comment);
  param->pos = value ? pos_span(name->pos, value->pos) : name->pos;
  return param;
}

Invocation *invocation_new(Run *run, const Token *name, const List *params, const Token *last) {
  Invocation *invocation = arena_alloc(run->parser->arena, sizeof *invocation);
  invocation->name = name_make(run, name);
  invocation->params = items_of(params, &invocation->param_count);
  invocation->pos = pos_span(name->pos, last->pos);
  return invocation;
}

void invocation_level(Run *run, Invocation *invocation, const LevelList *level) {
  ARENA_PUSH(run->parser->arena, invocation->levels, invocation->level_count, *level);
  if (invocation->pos.source) invocation->pos = pos_span(invocation->pos, level->pos);
  else invocation->pos = level->pos;
}

Level level_of(const Token *level) {
  static const struct { const char *word; Level level; } words[] = {
    {"VALUE", LEVEL_VALUE}, {"POINT", LEVEL_POINT}, {"POI", LEVEL_POINT}, {"POLYGON", LEVEL_POLYGON}, {"TRACK", LEVEL_TRACK},
    {"SEGMENTEDTRACK", LEVEL_TRACK}, {"SEGMENT", LEVEL_SEGMENT}, {"TRACKSEGMENT", LEVEL_SEGMENT},
  };
  if (level)
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (str_eq_nocase(level->text, str_of(words[i].word))) return words[i].level;
  return LEVEL_NONE;
}

LevelList *level_names(Run *run, const Token *level, const List *names, const Token *last) {
  LevelList *list = arena_alloc(run->parser->arena, sizeof *list);
  list->level = level_of(level);
  list->names = items_of(names, &list->count);
  list->pos = pos_span(level->pos, last->pos);
  return list;
}

LevelList *level_variable(Run *run, const Token *level, const Token *variable, const Token *last) {
  LevelList *list = arena_alloc(run->parser->arena, sizeof *list);
  list->level = level_of(level);
  list->expr = expr_variable(run, variable);
  list->pos = pos_span(level->pos, last->pos);
  return list;
}

/* What has been read so far ends before the token the grammar looks at now. */
static Position pos_until_now(const Run *run, Position from) {
  return run->at > 0 ? pos_span(from, run->tokens[run->at - 1].pos) : from;
}

Scope *scope_dataset(Run *run, const Token *name, const Token *star, const Expr *parts, const Token *alias) {
  Scope *scope = arena_alloc(run->parser->arena, sizeof *scope);
  scope->name = name_make(run, name);
  scope->wildcard = star != NULL;
  scope->parts = parts;
  if (alias) scope->alias = name_make(run, alias);
  const Token *last = alias ? alias : star ? star : name;
  scope->pos = pos_span(name->pos, parts && !alias ? parts->pos : last->pos);
  return scope;
}

static Scope *scope_joined(Run *run, ScopeKind kind, const Token *first, const List *inputs) {
  Scope *scope = arena_alloc(run->parser->arena, sizeof *scope);
  scope->kind = kind;
  scope->inputs = items_of(inputs, &scope->input_count);
  scope->pos = pos_until_now(run, first->pos);
  return scope;
}

Scope *scope_union(Run *run, const Token *first, const Token *kind, const List *inputs) {
  ScopeKind scope_kind = SCOPE_UNION_CAT;
  if (kind && str_eq_nocase(kind->text, str_of("XOR"))) scope_kind = SCOPE_UNION_XOR;
  if (kind && str_eq_nocase(kind->text, str_of("AND"))) scope_kind = SCOPE_UNION_AND;
  return scope_joined(run, scope_kind, first, inputs);
}

Scope *scope_join(Run *run, const Token *first, const Token *side, const Token *anti, const List *inputs) {
  ScopeKind kind = SCOPE_JOIN_INNER;
  char letter = side ? (char)(side->text.data[0] | 32) : 'i';
  if (letter == 'l') kind = anti ? SCOPE_JOIN_LEFT_ANTI : SCOPE_JOIN_LEFT;
  else if (letter == 'r') kind = anti ? SCOPE_JOIN_RIGHT_ANTI : SCOPE_JOIN_RIGHT;
  else if (letter == 'o') kind = SCOPE_JOIN_OUTER;
  if (anti && letter != 'l' && letter != 'r') parse_error(run, anti->pos, "only LEFT ANTI JOIN and RIGHT ANTI JOIN exist");
  return scope_joined(run, kind, first, inputs);
}

Target *target_new(Run *run, const Token *name, const Token *star) {
  Target *target = arena_alloc(run->parser->arena, sizeof *target);
  target->name = name_make(run, name);
  target->wildcard = star != NULL;
  return target;
}

Target *target_alias(Run *run, const Token *alias, Target *target) {
  target->alias = name_make(run, alias);
  return target;
}

/* ---- statements ---- */

static Stmt *stmt_at(Run *run, StmtKind kind, Position pos) {
  Stmt *stmt = arena_alloc(run->parser->arena, sizeof *stmt);
  stmt->kind = kind;
  stmt->pos = pos_until_now(run, pos);
  stmt->number = run->parser->next_number++;
  return stmt;
}

Stmt *stmt_new(Run *run, StmtKind kind, const Token *first) { return stmt_at(run, kind, first->pos); }

CreateOptions *create_options_new(Run *run) { return arena_alloc(run->parser->arena, sizeof(CreateOptions)); }

void create_option_partition(Run *run, CreateOptions *options, const Token *word, const Expr *partitions) {
  if (options->partitions) parse_error(run, word->pos, "PARTITION is given twice");
  options->partitions = partitions;
}

void create_option_by(Run *run, CreateOptions *options, const Token *by) {
  if (options->has_by) parse_error(run, by->pos, "BY is given twice");
  options->has_by = true;
  if (str_eq_nocase(by->text, str_of("HASHCODE"))) options->by = BY_HASHCODE;
  else if (str_eq_nocase(by->text, str_of("SOURCE"))) options->by = BY_SOURCE;
  else if (str_eq_nocase(by->text, str_of("RANDOM"))) options->by = BY_RANDOM;
  else parse_error(run, by->pos, "expected HASHCODE, SOURCE or RANDOM after BY, found '%.*s'", STR_ARG(by->text));
}

Stmt *stmt_create(Run *run, const Token *first, const Token *name, const Token *star, const Invocation *adapter, const Expr *path, const CreateOptions *options) {
  Stmt *stmt = stmt_new(run, STMT_CREATE, first);
  stmt->as.create.name = name_make(run, name);
  stmt->as.create.wildcard = star != NULL;
  stmt->as.create.adapter = *adapter;
  stmt->as.create.path = path;
  stmt->as.create.partitions = options->partitions;
  stmt->as.create.by = options->by;
  stmt->as.create.has_by = options->has_by;
  return stmt;
}

Stmt *stmt_copy(Run *run, const Token *first, const List *scopes, const Invocation *adapter, const Expr *path) {
  Stmt *stmt = stmt_new(run, STMT_COPY, first);
  stmt->as.copy.scopes = items_of(scopes, &stmt->as.copy.count);
  stmt->as.copy.adapter = *adapter;
  stmt->as.copy.path = path;
  return stmt;
}

Alteration *alteration_new(Run *run, AlterationKind kind, const Token *first, const Expr *expr) {
  Alteration *alteration = arena_alloc(run->parser->arena, sizeof *alteration);
  alteration->kind = kind;
  alteration->expr = expr;
  alteration->pos = expr ? pos_span(first->pos, expr->pos) : first->pos;
  return alteration;
}

Alteration *alteration_transform(Run *run, const Token *word, const Invocation *transform) {
  Alteration *alteration = arena_alloc(run->parser->arena, sizeof *alteration);
  alteration->kind = ALTER_TRANSFORM;
  alteration->transform = *transform;
  alteration->transform.name = library_name(run, LIBRARY_TRANSFORM, transform->name);
  alteration->pos = word ? pos_span(word->pos, transform->pos) : transform->pos;
  return alteration;
}

Alteration *alteration_level(Run *run, const LevelList *level) {
  Alteration *alteration = arena_alloc(run->parser->arena, sizeof *alteration);
  alteration->kind = ALTER_TRANSFORM;
  invocation_level(run, &alteration->transform, level);
  alteration->pos = level->pos;
  return alteration;
}

/* A first PARTITION p that is followed by another alteration in a statement with INTO selects the source's parts. */
Stmt *stmt_alter(Run *run, const Token *first, const Token *name, const Token *star, const List *items, const Target *into) {
  Stmt *stmt = stmt_new(run, STMT_ALTER, first);
  stmt->as.alter.name = name_make(run, name);
  stmt->as.alter.wildcard = star != NULL;
  stmt->as.alter.items = items_of(items, &stmt->as.alter.count);
  if (!into) return stmt;
  stmt->as.alter.into = *into;
  stmt->as.alter.has_into = true;
  const Alteration *head = stmt->as.alter.items;
  if (stmt->as.alter.count < 2 || head->kind != ALTER_PARTITION || !head->expr) return stmt;
  stmt->as.alter.parts = head->expr;
  stmt->as.alter.items++;
  stmt->as.alter.count--;
  return stmt;
}

Stmt *stmt_split(Run *run, const Token *first, const Scope *scope, const List *by, const Target *into, const Expr *partitions) {
  Stmt *stmt = stmt_new(run, STMT_SPLIT, first);
  stmt->as.split.from = *scope;
  stmt->as.split.by = items_of(by, &stmt->as.split.by_count);
  stmt->as.split.into = *into;
  stmt->as.split.partitions = partitions;
  return stmt;
}

Stmt *stmt_call(Run *run, const Token *first, const Invocation *call) {
  Stmt *stmt = stmt_new(run, STMT_CALL, first);
  stmt->as.call.call = *call;
  stmt->as.call.call.name = library_name(run, LIBRARY_PROCEDURE, call->name);
  return stmt;
}

CallInput *call_input(Run *run, const Token *alias, const Scope *scope) {
  CallInput *input = arena_alloc(run->parser->arena, sizeof *input);
  if (alias) input->alias = name_make(run, alias);
  input->scope = *scope;
  return input;
}

void call_inputs(Run *run, Stmt *stmt, const List *inputs) {
  Arena *arena = run->parser->arena;
  for (size_t i = 0; i < inputs->count; i++) {
    const CallInput *input = (const CallInput *)inputs->items + i;
    size_t count = stmt->as.call.input_count;
    ARENA_PUSH(arena, stmt->as.call.input_aliases, count, input->alias);
    ARENA_PUSH(arena, stmt->as.call.inputs, stmt->as.call.input_count, input->scope);
  }
}

void call_outputs(Run *run, Stmt *stmt, const List *outputs) {
  for (size_t i = 0; i < outputs->count; i++)
    ARENA_PUSH(run->parser->arena, stmt->as.call.outputs, stmt->as.call.output_count, ((const Target *)outputs->items)[i]);
}

Stmt *stmt_analyze(Run *run, const Token *first, const Token *name, const Token *star, const Expr *key, const Token *partition) {
  Stmt *stmt = stmt_new(run, STMT_ANALYZE, first);
  stmt->as.analyze.name = name_make(run, name);
  stmt->as.analyze.wildcard = star != NULL;
  stmt->as.analyze.key = key;
  if (key) stmt->as.analyze.key_text = text_own(run, key->pos);
  stmt->as.analyze.partition = partition != NULL;
  return stmt;
}

Stmt *stmt_expect(Run *run, const Token *first, const Scope *scope, const Expr *where, const Expr *at_least, const Stmt *raise) {
  Stmt *stmt = stmt_new(run, STMT_EXPECT, first);
  stmt->as.expect.from = *scope;
  stmt->as.expect.where = where;
  stmt->as.expect.at_least = at_least;
  if (!raise) return stmt;
  stmt->as.expect.has_raise = true;
  stmt->as.expect.level = raise->as.raise.level;
  stmt->as.expect.message = raise->as.raise.message;
  return stmt;
}

/* $v as a name; a part of a variable cannot be assigned. */
static Name variable_name(Run *run, const Token *variable) {
  const Expr *expr = expr_variable(run, variable);
  if (expr->path.len) parse_error(run, variable->pos, "a part of a variable cannot be assigned: %.*s", STR_ARG(variable->text));
  return expr->name;
}

Stmt *stmt_exec(Run *run, const Token *first, const Invocation *system, const Expr *statement, const Expr *values, const Token *into) {
  Stmt *stmt = stmt_new(run, STMT_EXEC, first);
  stmt->as.exec.system = *system;
  stmt->as.exec.statement = statement;
  stmt->as.exec.values = values;
  if (into) stmt->as.exec.into = variable_name(run, into);
  return stmt;
}

Stmt *stmt_let(Run *run, const Token *first, const Token *variable, const Expr *value) {
  Stmt *stmt = stmt_new(run, STMT_LET, first);
  stmt->as.let.name = variable_name(run, variable);
  stmt->as.let.value = value;
  return stmt;
}

Stmt *stmt_let_select(Run *run, const Token *first, const Token *variable, const SelectBuild *build) {
  Stmt *stmt = stmt_new(run, STMT_LET_SELECT, first);
  stmt->as.let_select.name = variable_name(run, variable);
  stmt->as.let_select.select = build->select;
  return stmt;
}

Stmt *stmt_expr(Run *run, StmtKind kind, const Token *first, const Expr *expr) {
  Stmt *stmt = stmt_at(run, kind, first ? first->pos : expr->pos);
  stmt->as.expr = expr;
  return stmt;
}

Stmt *stmt_if(Run *run, const Token *first, const Expr *condition, const List *body) {
  Stmt *stmt = stmt_new(run, STMT_IF, first);
  stmt_elseif(run, stmt, condition, body);
  return stmt;
}

void stmt_elseif(Run *run, Stmt *stmt, const Expr *condition, const List *body) {
  size_t count = stmt->as.branch.count;
  ARENA_PUSH(run->parser->arena, stmt->as.branch.blocks, count, block_make(body));
  ARENA_PUSH(run->parser->arena, stmt->as.branch.conditions, stmt->as.branch.count, condition);
}

Stmt *stmt_else(Run *run, Stmt *stmt, const List *body) {
  (void)run;
  if (stmt->kind == STMT_IF) {
    stmt->as.branch.otherwise = block_make(body);
    stmt->as.branch.has_else = true;
  } else {
    stmt->as.loop.otherwise = block_make(body);
    stmt->as.loop.has_else = true;
  }
  return stmt;
}

Stmt *stmt_loop(Run *run, const Token *first, const Token *variable, const Expr *values, const List *body) {
  Stmt *stmt = stmt_new(run, STMT_LOOP, first);
  stmt->as.loop.variable = variable_name(run, variable);
  stmt->as.loop.values = values;
  stmt->as.loop.body = block_make(body);
  return stmt;
}

Stmt *stmt_while(Run *run, const Token *first, const Expr *condition, const List *body) {
  Stmt *stmt = stmt_new(run, STMT_WHILE, first);
  stmt->as.while_loop.condition = condition;
  stmt->as.while_loop.body = block_make(body);
  return stmt;
}

Stmt *stmt_raise(Run *run, const Token *first, const Token *level, const Expr *message) {
  static const struct { const char *word; RaiseLevel level; } words[] = {
    {"DEBUG", RAISE_DEBUG}, {"INFO", RAISE_INFO}, {"LOG", RAISE_LOG}, {"NOTICE", RAISE_NOTICE},
    {"WARN", RAISE_WARNING}, {"WARNING", RAISE_WARNING}, {"ERROR", RAISE_ERROR}, {"EXCEPTION", RAISE_ERROR},
  };
  Stmt *stmt = stmt_new(run, STMT_RAISE, first);
  stmt->as.raise.level = RAISE_ERROR;
  for (size_t i = 0; level && i < sizeof words / sizeof *words; i++)
    if (str_eq_nocase(level->text, str_of(words[i].word))) stmt->as.raise.level = words[i].level;
  stmt->as.raise.message = message;
  return stmt;
}

Stmt *stmt_try(Run *run, const Token *first, const List *body, const Token *caught, const List *handler) {
  Stmt *stmt = stmt_new(run, STMT_TRY, first);
  stmt->as.try_block.body = block_make(body);
  stmt->as.try_block.handler = block_make(handler);
  if (caught) stmt->as.try_block.variable = variable_name(run, caught);
  return stmt;
}

Stmt *stmt_block(Run *run, const Token *first, const List *body) {
  Stmt *stmt = stmt_new(run, STMT_BLOCK, first);
  stmt->as.block = block_make(body);
  return stmt;
}

Stmt *stmt_options(Run *run, const Token *first, const List *params) {
  Stmt *stmt = stmt_new(run, STMT_OPTIONS, first);
  stmt->as.options.params = items_of(params, &stmt->as.options.count);
  return stmt;
}

Stmt *stmt_explain(Run *run, const Token *first, Stmt *inner) {
  Stmt *stmt = stmt_new(run, STMT_EXPLAIN, first);
  if (inner->kind == STMT_EXPLAIN) {
    if (inner->as.explain->kind != STMT_EXPLAIN) parse_error(run, first->pos, "EXPLAIN cannot be explained");
    inner = inner->as.explain;
  }
  stmt->as.explain = inner;
  return stmt;
}

Stmt *stmt_describe(Run *run, const Token *first, const Token *name) {
  Stmt *stmt = stmt_new(run, STMT_DESCRIBE, first);
  stmt->as.describe = name_make(run, name);
  return stmt;
}

Stmt *stmt_show(Run *run, const Token *first, const Token *what) {
  static const char *const words[] = {[SHOW_DATASETS] = "DATASETS", [SHOW_FUNCTIONS] = "FUNCTIONS", [SHOW_TRANSFORMS] = "TRANSFORMS",
                                      [SHOW_ADAPTERS] = "ADAPTERS", [SHOW_OPTIONS] = "OPTIONS"};
  Stmt *stmt = stmt_new(run, STMT_SHOW, first);
  Speller speller = speller_start(what->text);
  for (int i = 0; i <= SHOW_OPTIONS; i++) {
    speller_try(&speller, str_of(words[i]));
    if (!str_eq_nocase(what->text, str_of(words[i]))) continue;
    stmt->as.show = (ShowKind)i;
    return stmt;
  }
  Str best = speller_best(&speller);
  const char *hint = best.len ? arena_printf(run->parser->arena, "did you mean %.*s?", STR_ARG(best)).data : NULL;
  parse_error_hint(run, what->pos, hint, "expected DATASETS, FUNCTIONS, TRANSFORMS, ADAPTERS or OPTIONS after SHOW, found '%.*s'", STR_ARG(what->text));
  return stmt;
}
