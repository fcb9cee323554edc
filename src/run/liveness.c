/* liveness.c - one walk over the statements; three tables from names and prefixes to the last mention. */
#include "run/liveness.h"

#include "run/name_map.h"
#include "run/rounds.h"

typedef struct Mentions {
  NameMap names;
  uint32_t *last; /* by number of the name */
  uint32_t cap;
  uint64_t lengths; /* bit n: a name of n bytes is there; bit 63: one of 63 or more */
} Mentions;

struct Liveness {
  uint32_t *positions; /* by statement number */
  size_t position_cap;
  uint32_t end;
  Mentions exact; /* names */
  Mentions wild;  /* prefix: names longer than it */
  Mentions open;  /* prefix: names that start with it */
  Rounds rounds;  /* names that belong to one round of a LOOP */
  uint32_t last_list; /* last SHOW DATASETS or DS_LIST */
};

typedef struct Procedures {
  const Definition **items;
  uint8_t *visited; /* in this CALL: 1 without, 2 with hidden datasets */
  size_t count, cap;
} Procedures;

typedef struct Walk {
  Liveness *liveness;
  Library *library;
  Procedures procedures; /* of the units, and, as they are met, of the library */
  uint32_t at;   /* position of the statement */
  bool in_call;  /* inside of a procedure: at stays */
  const LoopScope *loops; /* around the statement, outside of procedures */
  bool hides;    /* it was called with INPUT or OUTPUT */
} Walk;

static void mentions_free(Mentions *mentions) {
  name_map_free(&mentions->names);
  dc_free(mentions->last);
}

static void note(Mentions *mentions, Str name, uint32_t at) {
  uint32_t number = name_map_add(&mentions->names, name);
  while (number >= mentions->cap) {
    uint32_t cap = mentions->cap ? mentions->cap * 2 : 32;
    mentions->last = dc_realloc(mentions->last, cap * sizeof *mentions->last);
    memset(mentions->last + mentions->cap, 0, (cap - mentions->cap) * sizeof *mentions->last);
    mentions->cap = cap;
  }
  mentions->lengths |= (uint64_t)1 << (name.len < 63 ? name.len : 63);
  if (mentions->last[number] < at) mentions->last[number] = at;
}

/* The text before the first interpolation. */
static Str constant_prefix(const Expr *parts) {
  if (parts->kind == EXPR_LITERAL && parts->literal.type == TYPE_STRING) return value_get_str(parts->literal);
  if (parts->kind != EXPR_TEXT || !parts->count) return (Str){0};
  const Expr *first = parts->items[0];
  if (first->kind == EXPR_LITERAL && first->literal.type == TYPE_STRING) return value_get_str(first->literal);
  return (Str){0};
}

bool is_call_variable(Str name) {
  return str_is(name, "INPUT") || str_is(name, "OUTPUT") || str_is(name, "TEMP") || str_starts(name, str_of("INPUT:")) ||
         str_starts(name, str_of("OUTPUT:"));
}

/* "{$TEMP}counts" in a body that such variables are set for. */
static bool is_hidden(const Walk *walk, const Name *name) {
  const Expr *parts = name->parts;
  if (!walk->hides || !parts) return false;
  const Expr *first = parts->kind == EXPR_TEXT && parts->count ? parts->items[0] : parts;
  return first->kind == EXPR_VAR && !first->name.parts && is_call_variable(first->name.text);
}

static void mention(Walk *walk, const Name *name, bool wildcard) {
  Liveness *liveness = walk->liveness;
  if (is_hidden(walk, name)) return;
  if (name->parts && !wildcard && !walk->in_call && rounds_mention(&liveness->rounds, walk->loops, name->parts, walk->at)) return;
  if (name->parts) note(&liveness->open, constant_prefix(name->parts), walk->at);
  else note(wildcard ? &liveness->wild : &liveness->exact, name->text, walk->at);
}

/* What a statement makes is no mention, but a round of a LOOP may own it. */
static void make(Walk *walk, const Name *name, bool wildcard) {
  if (!walk->in_call && !wildcard) rounds_target(&walk->liveness->rounds, walk->loops, name);
}

static void mention_scope(Walk *walk, const Scope *scope) {
  if (scope->kind == SCOPE_DATASET) mention(walk, &scope->name, scope->wildcard);
  else if (scope->wildcard) mention(walk, &scope->name, true);
  for (size_t i = 0; i < scope->input_count; i++) mention_scope(walk, &scope->inputs[i]);
}

static bool lists_names(const Expr *expr) {
  if (!expr) return false;
  if (expr->kind == EXPR_CALL && str_is(expr->name.text, "DS_LIST")) return true;
  for (size_t i = 0; i < expr->count; i++)
    if (lists_names(expr->items[i])) return true;
  return false;
}

static void walk_block(Walk *walk, const Block *block);
static void walk_stmt(Walk *walk, const Stmt *stmt);

/* DS_ATTRS needs the dataset: a name that is not constant may be any, but for those of a call. */
static void mention_asked(Walk *walk, const Expr *expr) {
  for (size_t i = 0; expr && i < expr->count; i++) mention_asked(walk, expr->items[i]);
  if (!expr || expr->kind != EXPR_CALL || !str_is(expr->name.text, "DS_ATTRS") || expr->count != 1) return;
  const Expr *name = expr->items[0];
  if (name->kind == EXPR_LITERAL && name->literal.type == TYPE_STRING) note(&walk->liveness->exact, value_get_str(name->literal), walk->at);
  else mention(walk, &(Name){.parts = name}, false);
}

static void note_list(Walk *walk, const Expr *expr) {
  mention_asked(walk, expr);
  if (lists_names(expr) && walk->liveness->last_list < walk->at) walk->liveness->last_list = walk->at;
}

/* A function body cannot read datasets but may list them or ask for attributes, from anywhere. */
static void walk_function(Liveness *liveness, const Definition *function) {
  Liveness probe = {0};
  Walk walk = {.liveness = &probe, .at = 1, .in_call = true};
  note_list(&walk, function->expr);
  walk_block(&walk, &function->body);
  if (probe.last_list) liveness->last_list = UINT32_MAX;
  if (probe.exact.names.count || probe.open.names.count) note(&liveness->open, (Str){0}, UINT32_MAX);
  mentions_free(&probe.exact);
  mentions_free(&probe.wild);
  mentions_free(&probe.open);
}

static void add_procedure(Procedures *found, const Definition *procedure) {
  size_t cap = found->cap;
  VEC_GROW(found->items, found->count, found->cap);
  if (found->cap > cap) found->visited = dc_realloc(found->visited, found->cap * sizeof *found->visited);
  found->visited[found->count] = 0;
  found->items[found->count++] = procedure;
}

/* A procedure of the library comes to the others when it is first named. */
static void find_in_library(Walk *walk, const Name *name) {
  if (name->parts || !name->text.len) return;
  for (size_t i = 0; i < walk->procedures.count; i++)
    if (str_eq(walk->procedures.items[i]->name.text, name->text)) return;
  const Definition *found = library_find(walk->library, LIBRARY_PROCEDURE, name->text);
  for (size_t i = 0; found && i < walk->procedures.count; i++)
    if (walk->procedures.items[i] == found) return;
  if (found) add_procedure(&walk->procedures, found);
}

/* Does the name mean the procedure? Calls of the library among itself have a mark in front (lang/library.h). */
static bool may_mean(const Walk *walk, const Name *name, const Definition *procedure) {
  return name->parts || str_eq(procedure->name.text, name->text) || procedure == library_find(walk->library, LIBRARY_PROCEDURE, name->text);
}

/* The bodies of all procedures that the name may mean. */
static void walk_procedures(Walk *walk, const Name *name, bool hides) {
  bool outermost = !walk->in_call, outer_hides = walk->hides;
  uint8_t bit = hides ? 2 : 1;
  if (outermost)
    for (size_t i = 0; i < walk->procedures.count; i++) walk->procedures.visited[i] = 0;
  walk->in_call = true;
  walk->hides = hides;
  find_in_library(walk, name);
  for (size_t i = 0; i < walk->procedures.count; i++) {
    if (walk->procedures.visited[i] & bit || !may_mean(walk, name, walk->procedures.items[i])) continue;
    walk->procedures.visited[i] |= bit;
    walk_block(walk, &walk->procedures.items[i]->body);
  }
  walk->hides = outer_hides;
  if (outermost) walk->in_call = false;
}

static void walk_call(Walk *walk, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->as.call.input_count; i++) mention_scope(walk, &stmt->as.call.inputs[i]);
  if (!walk->in_call) walk->at = ++walk->liveness->end;
  for (size_t i = 0; i < stmt->as.call.output_count; i++) make(walk, &stmt->as.call.outputs[i].name, stmt->as.call.outputs[i].wildcard);
  walk_procedures(walk, &stmt->as.call.call.name, stmt->as.call.input_count || stmt->as.call.output_count);
}

/* An operation may stand where a transform does. */
static void walk_alter(Walk *walk, const Stmt *stmt) {
  mention(walk, &stmt->as.alter.name, stmt->as.alter.wildcard);
  if (stmt->as.alter.has_into) make(walk, &stmt->as.alter.into.name, stmt->as.alter.into.wildcard);
  for (size_t i = 0; i < stmt->as.alter.count; i++)
    if (stmt->as.alter.items[i].kind == ALTER_TRANSFORM) walk_procedures(walk, &stmt->as.alter.items[i].transform.name, true);
}

static void walk_branch(Walk *walk, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->as.branch.count; i++) {
    note_list(walk, stmt->as.branch.conditions[i]);
    walk_block(walk, &stmt->as.branch.blocks[i]);
  }
  walk_block(walk, &stmt->as.branch.otherwise);
}

static void walk_select(Walk *walk, const Select *select) {
  for (size_t i = 0; i < select->from_count; i++) mention_scope(walk, &select->from[i]);
  for (size_t i = 0; i < select->into_count; i++) make(walk, &select->into[i].name, select->into[i].wildcard);
}

static void walk_body(Walk *walk, const Stmt *loop, const Block *body) {
  LoopScope scope = {walk->loops, loop, walk->at};
  if (!walk->in_call) walk->loops = &scope;
  walk_block(walk, body);
  walk->loops = scope.outer;
  if (!walk->in_call) rounds_leave(&walk->liveness->rounds, loop, walk->liveness->end);
}

/* Statements that hold others. */
static void walk_nested(Walk *walk, const Stmt *stmt) {
  switch (stmt->kind) {
    case STMT_IF: walk_branch(walk, stmt); break;
    case STMT_LOOP:
      note_list(walk, stmt->as.loop.values);
      walk_body(walk, stmt, &stmt->as.loop.body);
      walk_block(walk, &stmt->as.loop.otherwise);
      break;
    case STMT_WHILE:
      note_list(walk, stmt->as.while_loop.condition);
      walk_body(walk, stmt, &stmt->as.while_loop.body);
      break;
    case STMT_TRY:
      walk_block(walk, &stmt->as.try_block.body);
      walk_block(walk, &stmt->as.try_block.handler);
      break;
    case STMT_BLOCK: walk_block(walk, &stmt->as.block); break;
    case STMT_INCLUDE: walk_block(walk, &stmt->as.include.body); break;
    case STMT_EXPLAIN: walk_stmt(walk, stmt->as.explain); break;
    case STMT_CALL: walk_call(walk, stmt); break;
    default: break; /* leaves: below */
  }
}

static void walk_stmt(Walk *walk, const Stmt *stmt) {
  Liveness *liveness = walk->liveness;
  if (!walk->in_call) {
    walk->at = ++liveness->end;
    size_t number = (size_t)stmt->number;
    while (number >= liveness->position_cap) {
      size_t cap = liveness->position_cap ? liveness->position_cap * 2 : 64;
      liveness->positions = dc_realloc(liveness->positions, cap * sizeof *liveness->positions);
      memset(liveness->positions + liveness->position_cap, 0, (cap - liveness->position_cap) * sizeof *liveness->positions);
      liveness->position_cap = cap;
    }
    liveness->positions[number] = walk->at;
  }
  switch (stmt->kind) {
    case STMT_ALTER: walk_alter(walk, stmt); break;
    case STMT_SELECT: walk_select(walk, stmt->as.select); break;
    case STMT_COPY:
      for (size_t i = 0; i < stmt->as.copy.count; i++) mention_scope(walk, &stmt->as.copy.scopes[i]);
      note_list(walk, stmt->as.copy.path);
      break;
    case STMT_SPLIT: mention_scope(walk, &stmt->as.split.from); break;
    case STMT_ANALYZE: mention(walk, &stmt->as.analyze.name, stmt->as.analyze.wildcard); break;
    case STMT_LET: note_list(walk, stmt->as.let.value); break;
    case STMT_LET_SELECT: walk_select(walk, stmt->as.let_select.select); break;
    case STMT_EXPR: case STMT_RETURN: note_list(walk, stmt->as.expr); break;
    case STMT_RAISE: note_list(walk, stmt->as.raise.message); break;
    case STMT_EXEC:
      note_list(walk, stmt->as.exec.statement);
      note_list(walk, stmt->as.exec.values);
      break;
    case STMT_DESCRIBE: mention(walk, &stmt->as.describe, false); break;
    case STMT_SHOW:
      if (stmt->as.show == SHOW_DATASETS && liveness->last_list < walk->at) liveness->last_list = walk->at;
      break;
    case STMT_EXPECT: mention_scope(walk, &stmt->as.expect.from); break;
    case STMT_FUNCTION: walk_function(liveness, stmt->as.definition); break;
    case STMT_IF: case STMT_LOOP: case STMT_WHILE: case STMT_TRY: case STMT_BLOCK: case STMT_INCLUDE: case STMT_EXPLAIN:
    case STMT_CALL:
      walk_nested(walk, stmt);
      break;
    case STMT_CREATE: make(walk, &stmt->as.create.name, stmt->as.create.wildcard); break;
    case STMT_BREAK: case STMT_CONTINUE: case STMT_FETCH: case STMT_YIELD: case STMT_PROCEDURE:
    case STMT_TRANSFORM: case STMT_DROP: case STMT_OPTIONS:
      break;
  }
}

static void walk_block(Walk *walk, const Block *block) {
  for (size_t i = 0; i < block->count; i++) walk_stmt(walk, block->stmts[i]);
}

/* Procedures may be defined in blocks, and in each other. */
static void find_procedures(Procedures *found, const Block *block) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->stmts[i];
    if (stmt->kind == STMT_PROCEDURE) {
      add_procedure(found, stmt->as.definition);
      find_procedures(found, &stmt->as.definition->body);
    } else if (stmt->kind == STMT_IF) {
      for (size_t k = 0; k < stmt->as.branch.count; k++) find_procedures(found, &stmt->as.branch.blocks[k]);
      find_procedures(found, &stmt->as.branch.otherwise);
    } else if (stmt->kind == STMT_LOOP) {
      find_procedures(found, &stmt->as.loop.body);
      find_procedures(found, &stmt->as.loop.otherwise);
    } else if (stmt->kind == STMT_WHILE) {
      find_procedures(found, &stmt->as.while_loop.body);
    } else if (stmt->kind == STMT_TRY) {
      find_procedures(found, &stmt->as.try_block.body);
      find_procedures(found, &stmt->as.try_block.handler);
    } else if (stmt->kind == STMT_BLOCK) {
      find_procedures(found, &stmt->as.block);
    } else if (stmt->kind == STMT_INCLUDE) {
      find_procedures(found, &stmt->as.include.body);
    }
  }
}

Liveness *liveness_new(Unit *const *units, size_t count, Library *library) {
  Liveness *liveness = dc_alloc(sizeof *liveness);
  Walk walk = {.liveness = liveness, .library = library};
  for (size_t i = 0; i < count; i++) find_procedures(&walk.procedures, &units[i]->body);
  Rounds *rounds = &liveness->rounds;
  rounds->procedures = dc_alloc((walk.procedures.count + 1) * sizeof *rounds->procedures);
  for (size_t i = 0; i < walk.procedures.count; i++) rounds->procedures[rounds->procedure_count++] = &walk.procedures.items[i]->body;
  for (size_t i = 0; i < count; i++) walk_block(&walk, &units[i]->body);
  dc_free(walk.procedures.items);
  dc_free(walk.procedures.visited);
  return liveness;
}

void liveness_free(Liveness *liveness) {
  if (!liveness) return;
  mentions_free(&liveness->exact);
  mentions_free(&liveness->wild);
  mentions_free(&liveness->open);
  rounds_free(&liveness->rounds);
  dc_free(liveness->positions);
  dc_free(liveness);
}

uint32_t liveness_position(const Liveness *liveness, const Stmt *stmt) {
  return (size_t)stmt->number < liveness->position_cap ? liveness->positions[stmt->number] : 0;
}

uint32_t liveness_end(const Liveness *liveness) { return liveness->end; }

/* The last mention by a prefix of name; strict: only by shorter ones. */
static uint32_t last_by_prefix(const Mentions *mentions, Str name, bool strict) {
  uint32_t last = 0;
  for (size_t len = 0; len < name.len + !strict; len++) {
    if (!(mentions->lengths >> (len < 63 ? len : 63) & 1)) continue;
    uint32_t number = name_map_find(&mentions->names, str_make(name.data, len));
    if (number != NAME_NONE && mentions->last[number] > last) last = mentions->last[number];
  }
  return last;
}

/* The last mention that may mean the name, but for those of one round. */
static uint32_t last_mention(const Liveness *liveness, Str name, const LoopRound *except) {
  uint32_t number = name_map_find(&liveness->exact.names, name);
  uint32_t last = number == NAME_NONE ? 0 : liveness->exact.last[number];
  uint32_t wild = last_by_prefix(&liveness->wild, name, true);
  uint32_t open = last_by_prefix(&liveness->open, name, false);
  if (wild > last) last = wild;
  if (open > last) last = open;
  for (uint32_t i = 0; i < liveness->rounds.count; i++) {
    const LoopRound *round = &liveness->rounds.rounds[i];
    if (round != except && round->last > last && str_starts(name, constant_prefix(round->pattern))) last = round->last;
  }
  return last;
}

uint32_t liveness_last_mention(const Liveness *liveness, Str name) { return last_mention(liveness, name, NULL); }

const LoopRound *liveness_round(const Liveness *liveness, Position target, Str name) {
  const LoopRound *round = rounds_of(&liveness->rounds, target);
  return round && last_mention(liveness, name, round) < round->outer ? round : NULL;
}

static bool overlaps(const Mentions *mentions, Str prefix, uint32_t from, bool exact) {
  for (uint32_t i = 0; i < mentions->names.count; i++) {
    Str name = mentions->names.names[i];
    if (mentions->last[i] < from) continue;
    if (str_starts(name, prefix) || (!exact && str_starts(prefix, name))) return true;
  }
  return false;
}

bool liveness_family_mentioned(const Liveness *liveness, Str prefix, uint32_t from) {
  for (uint32_t i = 0; i < liveness->rounds.count; i++) {
    const LoopRound *round = &liveness->rounds.rounds[i];
    Str start = constant_prefix(round->pattern);
    if (round->last >= from && (str_starts(start, prefix) || str_starts(prefix, start))) return true;
  }
  return liveness->last_list >= from || overlaps(&liveness->exact, prefix, from, true) ||
         overlaps(&liveness->wild, prefix, from, false) || overlaps(&liveness->open, prefix, from, false);
}
