/* session.c - the life of a session and the walk over its statements.
 *
 * The session runs on one thread; only the progress bar has its own. The arenas for temporaries form a stack, one for
 * each level of nested statements, and each is emptied when its statement ends.
 */
#include "run/session_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "io/stage.h"
#include "lang/secrets.h"

Session *session_new(const SessionOptions *options) {
  Session *session = dc_alloc(sizeof *session);
  session->log = options->log;
  session->out = options->out;
  session->settings = options->settings;
  session->collect_stats = options->collect_stats;
  session->goes_on = options->goes_on;
  session->progress_mode = options->progress;
  session->variables = variables_new();
  session->functions = (Definitions){.library = options->library, .kind = LIBRARY_FUNCTION};
  session->procedures = (Definitions){.library = options->library, .kind = LIBRARY_PROCEDURE};
  session->transforms = (Definitions){.library = options->library, .kind = LIBRARY_TRANSFORM};
  session->log->level = options->settings->log_level;
  session_context_init(session);
  return session;
}

/* Everything that holds datasets goes before the engine. */
static void free_datasets(Session *session) {
  for (size_t i = 0; i < session->family_count; i++) {
    family_free(session->families[i].family);
    dc_free((void *)(uintptr_t)session->families[i].prefix.data);
  }
  dc_free(session->families);
  dc_free(session->round_datasets);
  datasets_deinit(&session->datasets);
  dataset_unref(session->dual);
}

void session_free(Session *session) {
  if (!session) return;
  progress_stop(session->progress_bar);
  free_datasets(session);
  if (session->engine) engine_free(session->engine);
  stage_abort_all();
  liveness_free(session->liveness);
  variables_free(session->variables);
  call_context_deinit(&session->cx.call);
  definitions_deinit(&session->functions);
  definitions_deinit(&session->procedures);
  definitions_deinit(&session->transforms);
  for (uint32_t i = 0; i < session->scratch_cap; i++) {
    arena_free(session->scratch[i]);
    dc_free(session->scratch[i]);
  }
  dc_free(session->scratch);
  name_map_free(&session->place_names);
  dc_free(session->places);
  dc_free(session->metrics);
  dc_free(session->options_done);
  arena_free(&session->metrics_arena);
  arena_free(&session->arena);
  stats_deinit(&session->stats);
  dc_free(session);
}

bool session_set_variable(Session *session, Str name, Value value) {
  if (value.type == TYPE_STRING) {
    secrets_note_text(value_get_str(value));
    if (secrets_is_name(name)) secret_note(value_get_str(value));
  }
  if (is_read_only(name)) return false;
  variables_set(session->variables, name, value);
  return true;
}

bool session_get_variable(Session *session, Str name, Value *out) { return variables_get(session->variables, name, out); }

static void on_warning(void *self, Position pos, const char *text) {
  Session *session = self;
  log_text(session->log, LOG_LEVEL_WARNING, pos, str_of(text));
}

static bool wants_progress(const Session *session) {
  if (session->progress_mode == PROGRESS_ALWAYS) return true;
  return session->progress_mode == PROGRESS_AUTO && !session->log->json && isatty(STDERR_FILENO);
}

DcCode session_engine(Session *session, Engine **out, DcError *err) {
  if (!session->engine) {
    DC_TRY(engine_new(&session->settings->engine, &session->engine, err));
    engine_on_warning(session->engine, on_warning, session);
  }
  if (!session->progress_bar && !session->begun && wants_progress(session))
    session->progress_bar = progress_start(session->engine, session->log);
  if (!session->begun && session->stmt) {
    session->begun = true;
    progress_statement(session->progress_bar, session->stmt->number, session->stmt->pos.line);
    engine_begin_statement(session->engine, session->stmt->number, session->stmt->pos, session->collect_stats ? session->stats_now : NULL);
  }
  *out = session->engine;
  return DC_OK;
}

void session_made(Session *session, Str name, Position pos) {
  if (!session->loop_depth || !session->liveness) return;
  const LoopRound *round = liveness_round(session->liveness, pos, name);
  const DatasetEntry *entry = round ? datasets_find(&session->datasets, name) : NULL;
  if (!entry) return;
  VEC_GROW(session->round_datasets, session->round_count, session->round_cap);
  session->round_datasets[session->round_count].name = entry->name;
  session->round_datasets[session->round_count++].round = round;
}

/* Gives back what belongs to rounds of the loop (NULL: of any, if this statement mentions it last). */
static void end_rounds(Session *session, const Stmt *loop) {
  size_t kept = 0;
  for (size_t i = 0; i < session->round_count; i++) {
    struct RoundDataset *made = &session->round_datasets[i];
    const LoopRound *round = made->round;
    bool over = loop ? round->loop == loop : round->last < session->position || (round->last == session->position && !round->repeated);
    if (over) datasets_drop(&session->datasets, made->name);
    else session->round_datasets[kept++] = *made;
  }
  session->round_count = kept;
}

void session_end_round(Session *session, const Stmt *loop) { end_rounds(session, loop); }

void session_before_rows(Session *session) {
  datasets_sweep(&session->datasets, session->outer ? session->outer : session->position + 1);
  if (session->round_count) end_rounds(session, NULL);
  session_release_hidden(session);
}

/* Statements that only hold or define others have no cost of their own. */
static bool is_counted(StmtKind kind) {
  switch (kind) {
    case STMT_IF: case STMT_LOOP: case STMT_WHILE: case STMT_BREAK: case STMT_CONTINUE: case STMT_RETURN:
    case STMT_FUNCTION: case STMT_PROCEDURE: case STMT_TRANSFORM: case STMT_DROP: case STMT_OPTIONS: case STMT_INCLUDE:
    case STMT_BLOCK: case STMT_FETCH: case STMT_YIELD:
      return false;
    case STMT_CREATE: case STMT_ALTER: case STMT_SELECT: case STMT_COPY: case STMT_SPLIT: case STMT_CALL:
    case STMT_ANALYZE: case STMT_LET: case STMT_LET_SELECT: case STMT_EXPR: case STMT_RAISE: case STMT_EXPLAIN:
    case STMT_DESCRIBE: case STMT_SHOW: case STMT_EXPECT: case STMT_TRY: case STMT_EXEC:
      return true;
  }
  return true;
}

static DcCode define_function(Session *session, const Stmt *stmt, DcError *err) {
  return definitions_add(&session->functions, "FUNCTION", stmt->as.definition, err);
}

static DcCode block_scope(Session *session, const Block *block, DcError *err) {
  variables_push(session->variables);
  DcCode code = session_block(session, block, err);
  variables_pop(session->variables);
  return code;
}

static DcCode flow_to(Session *session, Flow flow) {
  session->flow = flow;
  return DC_OK;
}

static DcCode dispatch(Session *session, const Stmt *stmt, DcError *err) {
  Value ignored;
  if (stmt == session->shown) return run_shown(session, stmt, err);
  switch (stmt->kind) {
    case STMT_CREATE: return run_create(session, stmt, err);
    case STMT_ALTER: return run_alter(session, stmt, err);
    case STMT_SELECT: return run_select(session, stmt, err);
    case STMT_COPY:
      DC_TRY(run_copy(session, stmt, err));
      session->has_written = true;
      return DC_OK;
    case STMT_SPLIT: return run_split(session, stmt, err);
    case STMT_CALL: return run_call(session, stmt, err);
    case STMT_ANALYZE: return run_analyze(session, stmt, err);
    case STMT_LET: return run_let(session, stmt, err);
    case STMT_LET_SELECT: return run_let_select(session, stmt, err);
    case STMT_EXPR: return session_eval(session, stmt->as.expr, NAMES_AS_TEXT, &ignored, err);
    case STMT_IF: return run_if(session, stmt, err);
    case STMT_LOOP: return run_loop(session, stmt, err);
    case STMT_WHILE: return run_while(session, stmt, err);
    case STMT_BREAK: return flow_to(session, FLOW_BREAK);
    case STMT_CONTINUE: return flow_to(session, FLOW_CONTINUE);
    case STMT_RETURN: return flow_to(session, FLOW_RETURN);
    case STMT_RAISE: return run_raise(session, stmt, err);
    case STMT_FETCH: case STMT_YIELD: return dc_fail_at(err, DC_FAIL, stmt->pos, "%s stands outside of a TRANSFORM", stmt_kind_name(stmt->kind));
    case STMT_FUNCTION: return define_function(session, stmt, err);
    case STMT_PROCEDURE: return define_procedure(session, stmt, err);
    case STMT_TRANSFORM: return define_transform(session, stmt, err);
    case STMT_DROP: return run_drop(session, stmt, err);
    case STMT_OPTIONS: return run_options(session, stmt, err);
    case STMT_INCLUDE: return session_block(session, &stmt->as.include.body, err);
    case STMT_EXPLAIN: return run_explain(session, stmt, err);
    case STMT_DESCRIBE: return run_describe(session, stmt, err);
    case STMT_SHOW: return run_show(session, stmt, err);
    case STMT_EXPECT: return run_expect(session, stmt, err);
    case STMT_EXEC:
      DC_TRY(run_exec(session, stmt, err));
      session->has_written = true;
      return DC_OK;
    case STMT_TRY: return run_try(session, stmt, err);
    case STMT_BLOCK: return block_scope(session, &stmt->as.block, err);
  }
  return dc_fail_at(err, DC_FAIL, stmt->pos, "unknown kind of statement");
}

static Arena *scratch_push(Session *session) {
  if (session->depth == session->scratch_cap) {
    uint32_t cap = session->scratch_cap ? session->scratch_cap * 2 : 8;
    session->scratch = dc_realloc(session->scratch, cap * sizeof *session->scratch);
    for (uint32_t i = session->scratch_cap; i < cap; i++) session->scratch[i] = dc_alloc(sizeof **session->scratch);
    session->scratch_cap = cap;
  }
  return session->scratch[session->depth++];
}

static double seconds_of(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A statement that makes plans, and for which no row moved. */
static bool is_deferred(const Stmt *stmt, const StatementStats *stats) {
  bool plans = stmt->kind == STMT_CREATE || stmt->kind == STMT_ALTER || stmt->kind == STMT_SELECT || stmt->kind == STMT_SPLIT;
  return plans && !stats->rows_in && !stats->rows_out;
}

/* Runs a statement with its cost counted. */
static DcCode run_counted(Session *session, const Stmt *stmt, DcError *err) {
  StatementStats stats = {0};
  StatementStats *outer_stats = session->stats_now;
  bool outer_begun = session->begun;
  bool timed = session->collect_stats && is_counted(stmt->kind);
  double wall = timed ? seconds_of(CLOCK_MONOTONIC) : 0, cpu = timed ? seconds_of(CLOCK_PROCESS_CPUTIME_ID) : 0;
  session->stats_now = &stats;
  session->begun = false;
  DcCode code = dispatch(session, stmt, err);
  if (session->begun) engine_end_statement(session->engine);
  if (timed && stmt->kind != STMT_CALL) {
    if (!session->begun) {
      stats.seconds = seconds_of(CLOCK_MONOTONIC) - wall;
      stats.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    if (is_deferred(stmt, &stats)) stats.deferred = true;
    stats_add(&session->stats, stmt, &stats);
  }
  session->begun = outer_begun;
  session->stats_now = outer_stats;
  return code;
}

/* DT_NOW() is one moment in all of a statement, but statements inside of others have their own. */
static void set_now(CallContext *cx) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  cx->now_seconds = now.tv_sec;
  cx->now_nanoseconds = now.tv_nsec;
}

DcCode session_stmt(Session *session, const Stmt *stmt, DcError *err) {
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, stmt->pos, "interrupted");
  const Stmt *outer = session->stmt;
  uint32_t outer_position = session->position, position = session->liveness ? liveness_position(session->liveness, stmt) : 0;
  Arena *outer_arena = session->cx.call.arena, *arena = scratch_push(session);
  session->stmt = stmt;
  session->cx.call.arena = arena;
  session->cx.call.statement = (uint64_t)stmt->number;
  session->cx.call.seed = session->settings->engine.seed;
  session->cx.call.timezone = session->settings->timezone;
  set_now(&session->cx.call);
  if (position) session->position = position;
  DcCode code = run_counted(session, stmt, err);
  if (code != DC_OK) dc_position(err, stmt->pos);
  arena_reset(arena);
  session->depth--;
  session->cx.call.arena = outer_arena;
  session->position = outer_position;
  session->stmt = outer;
  if (outer) session->cx.call.statement = (uint64_t)outer->number;
  if (!session->outer && code != DC_INTERRUPTED) session_flush_places(session);
  return code;
}

DcCode session_block(Session *session, const Block *block, DcError *err) {
  for (size_t i = 0; i < block->count && session->flow == FLOW_NEXT; i++)
    DC_TRY(session_stmt(session, block->stmts[i], err));
  return DC_OK;
}

/* Definitions can be used before they are run, and OPTIONS of the top level work before everything else. */
static DcCode look_ahead(Session *session, const Block *block, DcError *err) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->stmts[i];
    if (stmt->kind == STMT_FUNCTION) definitions_ahead(&session->functions, stmt->as.definition);
    else if (stmt->kind == STMT_PROCEDURE) definitions_ahead(&session->procedures, stmt->as.definition);
    else if (stmt->kind == STMT_TRANSFORM) definitions_ahead(&session->transforms, stmt->as.definition);
    else if (stmt->kind == STMT_INCLUDE) DC_TRY(look_ahead(session, &stmt->as.include.body, err));
    else if (stmt->kind == STMT_OPTIONS) DC_TRY(options_apply(session, stmt, err));
  }
  return DC_OK;
}

static void finish(Session *session) {
  progress_stop(session->progress_bar);
  session->progress_bar = NULL;
  session->outer = 0;
  session_flush_places(session);
}

DcCode session_run(Session *session, Unit *const *units, size_t count, DcError *err) {
  if (!session->goes_on) {
    liveness_free(session->liveness);
    session->liveness = liveness_new(units, count, session->procedures.library);
    datasets_follow(&session->datasets, session->liveness);
  }
  for (size_t i = 0; i < count; i++) DC_TRY(look_ahead(session, &units[i]->body, err));
  DcCode code = DC_OK;
  for (size_t i = 0; i < count && code == DC_OK; i++) {
    session->flow = FLOW_NEXT;
    code = session_block(session, &units[i]->body, err);
  }
  finish(session);
  if (code == DC_OK && !session->goes_on) code = session_complete(session, err);
  if (code != DC_OK && code != DC_INTERRUPTED) hook_call(session->settings, session->log, LOG_LEVEL_ERROR, err->pos, str_of(err->message));
  return code;
}

DcCode session_complete(Session *session, DcError *err) {
  if (!session->engine) return DC_OK;
  if (fflush(session->out) != 0) return dc_fail_errno(err, errno, "cannot write standard output");
  return engine_complete(session->engine, err);
}

bool session_has_open_transactions(const Session *session) { return session->engine && engine_has_open_transactions(session->engine); }

DcCode session_run_more(Session *session, const Unit *unit, DcError *err) {
  DcCode code = look_ahead(session, &unit->body, err);
  session->flow = FLOW_NEXT;
  for (size_t i = 0; i < unit->body.count && code == DC_OK; i++) {
    const Stmt *stmt = unit->body.stmts[i];
    bool is_query = stmt->kind == STMT_SELECT && !stmt->as.select->into_count;
    session->shown = stmt->kind == STMT_EXPR || is_query ? stmt : NULL;
    code = session_stmt(session, stmt, err);
  }
  session->shown = NULL;
  finish(session);
  return code;
}

static void visit_definitions(const Definitions *definitions, void (*visit)(void *self, Str name), void *self) {
  for (uint32_t i = 0; i < definitions->names.count; i++)
    if (definitions->entries[i].now || definitions->entries[i].ahead) visit(self, definitions->names.names[i]);
}

void session_names(const Session *session, SessionNames what, void (*visit)(void *self, Str name), void *self) {
  switch (what) {
    case SESSION_VARIABLES: variables_each(session->variables, visit, self); break;
    case SESSION_DATASETS:
      for (uint32_t i = 0; i < session->datasets.names.count; i++)
        if (!session->datasets.entries[i].removed) visit(self, session->datasets.entries[i].name);
      break;
    case SESSION_FUNCTIONS: visit_definitions(&session->functions, visit, self); break;
    case SESSION_PROCEDURES: visit_definitions(&session->procedures, visit, self); break;
  }
}

bool session_has_written(const Session *session) { return session->has_written; }

void session_print_stats(const Session *session, Buf *out, bool json) {
  if (json) stats_json(&session->stats, out);
  else stats_table(&session->stats, out);
}
