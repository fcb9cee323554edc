/* define_build.c - makes definitions of procedures, functions and transforms for the grammar, and reads INCLUDEd files. */
#include "lang/stmt_build.h"

RecordNames *record_names(Run *run, const Token *key, const Token *object) {
  RecordNames *names = arena_alloc(run->parser->arena, sizeof *names);
  if (key) names->key = name_make(run, key).text;
  if (object) names->object = name_make(run, object).text;
  return names;
}

FunctionBody *function_body(Run *run, const Expr *expr, const List *stmts) {
  FunctionBody *body = arena_alloc(run->parser->arena, sizeof *body);
  body->expr = expr;
  body->block = block_make(stmts);
  return body;
}

static Definition *definition_new(Run *run, const Token *name, const List *params, const Token *comment) {
  Definition *definition = arena_alloc(run->parser->arena, sizeof *definition);
  definition->name = name_make(run, name);
  if (params) {
    definition->params = params->items;
    definition->param_count = params->count;
  }
  if (comment) definition->comment = text_comment(run, comment);
  return definition;
}

static Stmt *stmt_define(Run *run, StmtKind kind, const Token *first, Definition *definition) {
  Stmt *stmt = stmt_new(run, kind, first);
  stmt->as.definition = definition;
  return stmt;
}

Stmt *stmt_procedure(Run *run, const Token *first, const Token *name, const List *params, const Token *comment, const List *body) {
  Definition *definition = definition_new(run, name, params, comment);
  definition->body = block_make(body);
  return stmt_define(run, STMT_PROCEDURE, first, definition);
}

Stmt *stmt_function(Run *run, const Token *first, const Token *name, const List *params, const RecordNames *record, const Token *comment, const FunctionBody *body) {
  Definition *definition = definition_new(run, name, params, comment);
  definition->expr = body->expr;
  definition->body = body->block;
  if (record) {
    definition->record = true;
    definition->key_name = record->key;
    definition->object_name = record->object;
  }
  return stmt_define(run, STMT_FUNCTION, first, definition);
}

Str type_upper(Run *run, Str text) {
  char *upper = arena_copy(run->parser->arena, text.data, text.len);
  for (size_t i = 0; i < text.len; i++)
    if (upper[i] >= 'a' && upper[i] <= 'z') upper[i] = (char)(upper[i] - 32);
  return str_make(upper, text.len);
}

Stmt *stmt_transform(Run *run, const Token *first, const Token *name, const List *params, const List *from, const Token *into, const List *levels, const Token *comment, const List *body) {
  Definition *definition = definition_new(run, name, params, comment);
  for (size_t i = 0; i < from->count; i++)
    ARENA_PUSH(run->parser->arena, definition->from_types, definition->from_count, type_upper(run, ((const Name *)from->items)[i].text));
  definition->into_type = type_upper(run, name_make(run, into).text);
  if (levels) {
    definition->levels = levels->items;
    definition->level_count = levels->count;
  }
  definition->body = block_make(body);
  return stmt_define(run, STMT_TRANSFORM, first, definition);
}

Stmt *stmt_definition(Run *run, Stmt *stmt, const Token *create, const Token *replace) {
  (void)run;
  stmt->as.definition->has_create = create != NULL;
  stmt->as.definition->or_replace = replace != NULL;
  if (create) stmt->pos = pos_span(create->pos, stmt->pos);
  return stmt;
}

Stmt *stmt_fetch(Run *run, const Token *first, const RecordNames *names) {
  Stmt *stmt = stmt_new(run, STMT_FETCH, first);
  if (!names) return stmt;
  stmt->as.fetch.key_name = names->key;
  stmt->as.fetch.object_name = names->object;
  return stmt;
}

Stmt *stmt_yield(Run *run, const Token *first, const Expr *key, const Expr *object) {
  Stmt *stmt = stmt_new(run, STMT_YIELD, first);
  stmt->as.yield.key = key;
  stmt->as.yield.object = object;
  return stmt;
}

Stmt *stmt_drop(Run *run, const Token *first, const Token *what, const List *names) {
  Stmt *stmt = stmt_new(run, STMT_DROP, first);
  stmt->as.drop.kind = what->kind == TK_FUNCTION ? DROP_FUNCTION : what->kind == TK_PROCEDURE ? DROP_PROCEDURE : DROP_TRANSFORM;
  stmt->as.drop.names = names->items;
  stmt->as.drop.count = names->count;
  return stmt;
}

/* The path is relative to the file that includes; "-" and -e have no folder. */
static Str include_path(Run *run, Str path) {
  const char *name = run->lexer.source->name, *slash = strrchr(name, '/');
  if (!slash || (path.len && path.data[0] == '/')) return arena_str(run->parser->arena, path);
  return arena_printf(run->parser->arena, "%.*s%.*s", (int)(slash - name) + 1, name, STR_ARG(path));
}

static bool being_read(const Parser *parser, const char *path) {
  for (const IncludeLink *link = parser->includes; link; link = link->outer)
    if (!strcmp(link->path, path)) return true;
  return false;
}

/* The file's text is kept in the unit's arena, because everything parsed from it points into it. */
static void include_file(Run *run, Stmt *stmt, const char *path, Position pos) {
  Parser *parser = run->parser;
  Source *file;
  DcError err = {0};
  if (source_read(path, &file, &err) != DC_OK) {
    parse_error_hint(run, pos, "the path is relative to the script that names it", "cannot include: %s", err.message);
    return;
  }
  Source *source = arena_alloc(parser->arena, sizeof *source);
  *source = (Source){path, arena_copy(parser->arena, file->text, file->len), file->len, 1};
  source_free(file);
  IncludeLink link = {parser->includes, path};
  parser->includes = &link;
  parser->include_depth++;
  Run inner = {.parser = parser};
  lexer_start(&inner.lexer, source, parser->diag);
  run_parse(&inner);
  stmt->as.include.body = inner.block;
  parser->includes = link.outer;
  parser->include_depth--;
}

Stmt *stmt_include(Run *run, const Token *first, const Token *path) {
  Stmt *stmt = stmt_new(run, STMT_INCLUDE, first);
  stmt->as.include.path = include_path(run, text_plain(run, path));
  const char *name = stmt->as.include.path.data;
  if (being_read(run->parser, name)) parse_error(run, path->pos, "'%s' includes itself", name);
  else if (run->parser->include_depth >= INCLUDE_MAX_DEPTH) parse_error(run, path->pos, "INCLUDEs are nested too deeply");
  else include_file(run, stmt, name, path->pos);
  return stmt;
}
