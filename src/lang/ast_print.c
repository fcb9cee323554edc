/* ast_print.c - prints statements for --print-ast: one node a line, indented. The output is the same in every run. */
#include "lang/ast.h"

static void print_block(Buf *out, const Block *block, int indent);

static void start(Buf *out, int indent) {
  for (int i = 0; i < indent; i++) buf_text(out, "  ");
}

/* "label expr\n"; nothing when there is no expression. */
static void line_expr(Buf *out, int indent, const char *label, const Expr *expr) {
  if (!expr) return;
  start(out, indent);
  buf_text(out, label);
  buf_char(out, ' ');
  expr_print(out, expr);
  buf_char(out, '\n');
}

static void line_text(Buf *out, int indent, const char *text) {
  start(out, indent);
  buf_text(out, text);
  buf_char(out, '\n');
}

static bool has_name(const Name *name) { return name->parts || name->text.data; }

static void put_name(Buf *out, const Name *name) {
  if (name->parts) expr_print(out, name->parts);
  else buf_printf(out, "\"%.*s\"", STR_ARG(name->text));
}

static void line_name(Buf *out, int indent, const char *label, const Name *name, bool wildcard) {
  if (!has_name(name)) return;
  start(out, indent);
  buf_text(out, label);
  buf_char(out, ' ');
  put_name(out, name);
  buf_text(out, wildcard ? " *\n" : "\n");
}

static const char *level_name(Level level) {
  static const char *const names[] = {[LEVEL_NONE] = "", [LEVEL_VALUE] = "VALUE", [LEVEL_POINT] = "POINT", [LEVEL_POLYGON] = "POLYGON",
                                      [LEVEL_TRACK] = "TRACK", [LEVEL_SEGMENT] = "SEGMENT"};
  return names[level];
}

static void print_params(Buf *out, int indent, const Param *params, size_t count) {
  for (size_t i = 0; i < count; i++) {
    start(out, indent);
    buf_text(out, "param ");
    put_name(out, &params[i].name);
    if (params[i].value) {
      buf_text(out, " = ");
      expr_print(out, params[i].value);
    }
    if (params[i].comment.len) buf_printf(out, " COMMENT '%.*s'", STR_ARG(params[i].comment));
    buf_char(out, '\n');
  }
}

static void print_levels(Buf *out, int indent, const LevelList *levels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    start(out, indent);
    buf_printf(out, "level %s", level_name(levels[i].level));
    for (size_t k = 0; k < levels[i].count; k++) {
      buf_char(out, ' ');
      put_name(out, &levels[i].names[k]);
    }
    if (levels[i].expr) {
      buf_char(out, ' ');
      expr_print(out, levels[i].expr);
    }
    buf_char(out, '\n');
  }
}

static void print_invocation(Buf *out, int indent, const char *label, const Invocation *invocation) {
  if (has_name(&invocation->name)) line_name(out, indent, label, &invocation->name, false);
  else line_text(out, indent, label);
  print_params(out, indent + 1, invocation->params, invocation->param_count);
  print_levels(out, indent + 1, invocation->levels, invocation->level_count);
}

static void print_scope(Buf *out, int indent, const Scope *scope) {
  static const char *const kinds[] = {
    [SCOPE_DATASET] = "dataset", [SCOPE_UNION_CAT] = "UNION CAT", [SCOPE_UNION_XOR] = "UNION XOR", [SCOPE_UNION_AND] = "UNION AND",
    [SCOPE_JOIN_INNER] = "INNER JOIN", [SCOPE_JOIN_LEFT] = "LEFT JOIN", [SCOPE_JOIN_LEFT_ANTI] = "LEFT ANTI JOIN",
    [SCOPE_JOIN_RIGHT] = "RIGHT JOIN", [SCOPE_JOIN_RIGHT_ANTI] = "RIGHT ANTI JOIN", [SCOPE_JOIN_OUTER] = "OUTER JOIN"};
  if (scope->kind == SCOPE_DATASET) line_name(out, indent, kinds[scope->kind], &scope->name, scope->wildcard);
  else line_text(out, indent, kinds[scope->kind]);
  line_name(out, indent + 1, "alias", &scope->alias, false);
  line_expr(out, indent + 1, "parts", scope->parts);
  for (size_t i = 0; i < scope->input_count; i++) print_scope(out, indent + 1, &scope->inputs[i]);
}

static void print_target(Buf *out, int indent, const Target *target) {
  line_name(out, indent, "into", &target->name, target->wildcard);
  line_name(out, indent + 1, "alias", &target->alias, false);
}

static void print_items(Buf *out, int indent, const SelectItem *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    line_expr(out, indent, "item", items[i].expr);
    if (items[i].level) line_text(out, indent + 1, level_name(items[i].level));
    if (has_name(&items[i].alias)) line_name(out, indent + 1, "as", &items[i].alias, false);
    else if (items[i].expr->kind != EXPR_STAR) {
      start(out, indent + 1);
      buf_printf(out, "called %.*s\n", STR_ARG(items[i].own_text));
    }
  }
}

static void print_select(Buf *out, int indent, const Select *select) {
  static const char *const limits[] = {[LIMIT_NONE] = "", [LIMIT_ROWS] = "limit", [LIMIT_PERCENT] = "limit percent",
                                       [SAMPLE_ROWS] = "sample", [SAMPLE_PERCENT] = "sample percent"};
  if (select->distinct) line_text(out, indent, select->distinct_key ? "distinct key" : "distinct");
  print_items(out, indent, select->items, select->item_count);
  for (size_t i = 0; i < select->from_count; i++) print_scope(out, indent, &select->from[i]);
  for (size_t i = 0; i < select->into_count; i++) print_target(out, indent, &select->into[i]);
  if (select->where_level) line_text(out, indent, level_name(select->where_level));
  line_expr(out, indent, "where", select->where);
  for (size_t i = 0; i < select->group_count; i++) line_expr(out, indent, "group by", select->group_by[i]);
  line_expr(out, indent, "having", select->having);
  for (size_t i = 0; i < select->order_count; i++) {
    const SortItem *item = &select->order_by[i];
    static const char *const labels[] = {"order by", "order nulls first by", "order descending by", "order descending nulls first by"};
    line_expr(out, indent, labels[(item->descending ? 2 : 0) + (item->nulls_first ? 1 : 0)], item->expr);
  }
  line_expr(out, indent, limits[select->limit_kind], select->limit);
}

static void print_create(Buf *out, int indent, const Stmt *stmt) {
  static const char *const by[] = {[BY_HASHCODE] = "by HASHCODE", [BY_SOURCE] = "by SOURCE", [BY_RANDOM] = "by RANDOM"};
  line_name(out, indent, "dataset", &stmt->as.create.name, stmt->as.create.wildcard);
  print_invocation(out, indent, "adapter", &stmt->as.create.adapter);
  line_expr(out, indent, "from", stmt->as.create.path);
  line_expr(out, indent, "partitions", stmt->as.create.partitions);
  if (stmt->as.create.has_by) line_text(out, indent, by[stmt->as.create.by]);
}

static void print_alter(Buf *out, int indent, const Stmt *stmt) {
  line_name(out, indent, "dataset", &stmt->as.alter.name, stmt->as.alter.wildcard);
  line_expr(out, indent, "parts", stmt->as.alter.parts);
  for (size_t i = 0; i < stmt->as.alter.count; i++) {
    const Alteration *item = &stmt->as.alter.items[i];
    switch (item->kind) {
      case ALTER_TRANSFORM: print_invocation(out, indent, "transform", &item->transform); break;
      case ALTER_KEY: line_expr(out, indent, "key", item->expr); break;
      case ALTER_PARTITION:
        if (item->expr) line_expr(out, indent, "partition", item->expr);
        else line_text(out, indent, "partition");
        break;
    }
  }
  if (stmt->as.alter.has_into) print_target(out, indent, &stmt->as.alter.into);
}

static void print_call(Buf *out, int indent, const Stmt *stmt) {
  print_invocation(out, indent, "operation", &stmt->as.call.call);
  for (size_t i = 0; i < stmt->as.call.input_count; i++) {
    if (has_name(&stmt->as.call.input_aliases[i])) line_name(out, indent, "input", &stmt->as.call.input_aliases[i], false);
    else line_text(out, indent, "input");
    print_scope(out, indent + 1, &stmt->as.call.inputs[i]);
  }
  for (size_t i = 0; i < stmt->as.call.output_count; i++) {
    line_text(out, indent, "output");
    print_target(out, indent + 1, &stmt->as.call.outputs[i]);
  }
}

static const char *raise_name(RaiseLevel level) {
  static const char *const names[] = {[RAISE_DEBUG] = "DEBUG", [RAISE_INFO] = "INFO", [RAISE_LOG] = "LOG", [RAISE_NOTICE] = "NOTICE",
                                      [RAISE_WARNING] = "WARNING", [RAISE_ERROR] = "ERROR"};
  return names[level];
}

static void print_copy_split(Buf *out, int indent, const Stmt *stmt) {
  if (stmt->kind == STMT_COPY) {
    for (size_t i = 0; i < stmt->as.copy.count; i++) print_scope(out, indent, &stmt->as.copy.scopes[i]);
    print_invocation(out, indent, "adapter", &stmt->as.copy.adapter);
    line_expr(out, indent, "into", stmt->as.copy.path);
    return;
  }
  print_scope(out, indent, &stmt->as.split.from);
  print_items(out, indent, stmt->as.split.by, stmt->as.split.by_count);
  print_target(out, indent, &stmt->as.split.into);
  line_expr(out, indent, "partitions", stmt->as.split.partitions);
}

static void print_exec(Buf *out, int indent, const Stmt *stmt) {
  print_invocation(out, indent, "adapter", &stmt->as.exec.system);
  line_expr(out, indent, "statement", stmt->as.exec.statement);
  line_expr(out, indent, "using", stmt->as.exec.values);
  if (stmt->as.exec.into.text.data) line_name(out, indent, "variable", &stmt->as.exec.into, false);
}

static void print_analyze_expect(Buf *out, int indent, const Stmt *stmt) {
  if (stmt->kind == STMT_ANALYZE) {
    line_name(out, indent, "dataset", &stmt->as.analyze.name, stmt->as.analyze.wildcard);
    line_expr(out, indent, "key", stmt->as.analyze.key);
    if (stmt->as.analyze.partition) line_text(out, indent, "partition");
    return;
  }
  print_scope(out, indent, &stmt->as.expect.from);
  line_expr(out, indent, "where", stmt->as.expect.where);
  line_expr(out, indent, "at least percent", stmt->as.expect.at_least);
  if (stmt->as.expect.has_raise) line_expr(out, indent, raise_name(stmt->as.expect.level), stmt->as.expect.message);
}

static void print_branches(Buf *out, int indent, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->as.branch.count; i++) {
    line_expr(out, indent, "if", stmt->as.branch.conditions[i]);
    print_block(out, &stmt->as.branch.blocks[i], indent + 1);
  }
  if (!stmt->as.branch.has_else) return;
  line_text(out, indent, "else");
  print_block(out, &stmt->as.branch.otherwise, indent + 1);
}

static void print_loop(Buf *out, int indent, const Stmt *stmt) {
  line_name(out, indent, "variable", &stmt->as.loop.variable, false);
  line_expr(out, indent, "in", stmt->as.loop.values);
  print_block(out, &stmt->as.loop.body, indent + 1);
  if (!stmt->as.loop.has_else) return;
  line_text(out, indent, "else");
  print_block(out, &stmt->as.loop.otherwise, indent + 1);
}

static void print_definition(Buf *out, int indent, const Definition *definition) {
  line_name(out, indent, "name", &definition->name, false);
  if (definition->or_replace) line_text(out, indent, "or replace");
  if (definition->comment.len) {
    start(out, indent);
    buf_printf(out, "comment '%.*s'\n", STR_ARG(definition->comment));
  }
  print_params(out, indent, definition->params, definition->param_count);
  if (definition->record) {
    start(out, indent);
    buf_printf(out, "record %.*s %.*s\n", STR_ARG(definition->key_name), STR_ARG(definition->object_name));
  }
  for (size_t i = 0; i < definition->from_count; i++) {
    start(out, indent);
    buf_printf(out, "from %.*s\n", STR_ARG(definition->from_types[i]));
  }
  if (definition->into_type.len) {
    start(out, indent);
    buf_printf(out, "into %.*s\n", STR_ARG(definition->into_type));
  }
  print_levels(out, indent, definition->levels, definition->level_count);
  if (definition->expr) line_expr(out, indent, "return", definition->expr);
  else print_block(out, &definition->body, indent + 1);
}

static void print_fetch(Buf *out, int indent, const Stmt *stmt) {
  start(out, indent);
  buf_printf(out, "key '%.*s' object '%.*s'\n", STR_ARG(stmt->as.fetch.key_name), STR_ARG(stmt->as.fetch.object_name));
}

static const char *kind_name(StmtKind kind) {
  static const char *const names[] = {
    [STMT_CREATE] = "CREATE", [STMT_ALTER] = "ALTER", [STMT_SELECT] = "SELECT", [STMT_COPY] = "COPY", [STMT_SPLIT] = "SPLIT",
    [STMT_CALL] = "CALL", [STMT_ANALYZE] = "ANALYZE", [STMT_LET] = "LET", [STMT_LET_SELECT] = "LET SELECT", [STMT_EXPR] = "EXPRESSION",
    [STMT_IF] = "IF", [STMT_LOOP] = "LOOP", [STMT_WHILE] = "WHILE", [STMT_BREAK] = "BREAK", [STMT_CONTINUE] = "CONTINUE",
    [STMT_RAISE] = "RAISE", [STMT_RETURN] = "RETURN", [STMT_FETCH] = "FETCH", [STMT_YIELD] = "YIELD", [STMT_FUNCTION] = "FUNCTION",
    [STMT_PROCEDURE] = "PROCEDURE", [STMT_TRANSFORM] = "TRANSFORM", [STMT_DROP] = "DROP", [STMT_OPTIONS] = "OPTIONS",
    [STMT_INCLUDE] = "INCLUDE", [STMT_EXPLAIN] = "EXPLAIN", [STMT_DESCRIBE] = "DESCRIBE", [STMT_SHOW] = "SHOW", [STMT_EXPECT] = "EXPECT",
    [STMT_TRY] = "TRY", [STMT_BLOCK] = "BLOCK", [STMT_EXEC] = "EXEC"};
  return names[kind];
}

static void print_stmt(Buf *out, const Stmt *stmt, int indent);

static void print_rest(Buf *out, const Stmt *stmt, int indent) {
  static const char *const shows[] = {"DATASETS", "FUNCTIONS", "TRANSFORMS", "ADAPTERS", "OPTIONS"};
  static const char *const drops[] = {"PROCEDURE", "FUNCTION", "TRANSFORM"};
  switch (stmt->kind) {
    case STMT_DROP:
      for (size_t i = 0; i < stmt->as.drop.count; i++) line_name(out, indent, drops[stmt->as.drop.kind], &stmt->as.drop.names[i], false);
      break;
    case STMT_INCLUDE:
      start(out, indent);
      buf_printf(out, "path '%.*s'\n", STR_ARG(stmt->as.include.path));
      print_block(out, &stmt->as.include.body, indent + 1);
      break;
    case STMT_SHOW: line_text(out, indent, shows[stmt->as.show]); break;
    case STMT_TRY:
      print_block(out, &stmt->as.try_block.body, indent + 1);
      line_text(out, indent, "on error");
      line_name(out, indent, "variable", &stmt->as.try_block.variable, false);
      print_block(out, &stmt->as.try_block.handler, indent + 1);
      break;
    default: break;
  }
}

static void print_stmt(Buf *out, const Stmt *stmt, int indent) {
  start(out, indent++);
  buf_printf(out, "%s #%d at %u:%u\n", kind_name(stmt->kind), stmt->number, stmt->pos.line, stmt->pos.column);
  switch (stmt->kind) {
    case STMT_CREATE: print_create(out, indent, stmt); break;
    case STMT_ALTER: print_alter(out, indent, stmt); break;
    case STMT_SELECT: print_select(out, indent, stmt->as.select); break;
    case STMT_COPY: case STMT_SPLIT: print_copy_split(out, indent, stmt); break;
    case STMT_CALL: print_call(out, indent, stmt); break;
    case STMT_EXEC: print_exec(out, indent, stmt); break;
    case STMT_ANALYZE: case STMT_EXPECT: print_analyze_expect(out, indent, stmt); break;
    case STMT_LET:
      line_name(out, indent, "variable", &stmt->as.let.name, false);
      line_expr(out, indent, "value", stmt->as.let.value);
      break;
    case STMT_LET_SELECT:
      line_name(out, indent, "variable", &stmt->as.let_select.name, false);
      print_select(out, indent, stmt->as.let_select.select);
      break;
    case STMT_EXPR: case STMT_RETURN: line_expr(out, indent, "value", stmt->as.expr); break;
    case STMT_IF: print_branches(out, indent, stmt); break;
    case STMT_LOOP: print_loop(out, indent, stmt); break;
    case STMT_WHILE:
      line_expr(out, indent, "while", stmt->as.while_loop.condition);
      print_block(out, &stmt->as.while_loop.body, indent + 1);
      break;
    case STMT_RAISE: line_expr(out, indent, raise_name(stmt->as.raise.level), stmt->as.raise.message); break;
    case STMT_FETCH: print_fetch(out, indent, stmt); break;
    case STMT_YIELD:
      line_expr(out, indent, "key", stmt->as.yield.key);
      line_expr(out, indent, "object", stmt->as.yield.object);
      break;
    case STMT_FUNCTION: case STMT_PROCEDURE: case STMT_TRANSFORM: print_definition(out, indent, stmt->as.definition); break;
    case STMT_OPTIONS: print_params(out, indent, stmt->as.options.params, stmt->as.options.count); break;
    case STMT_EXPLAIN: print_stmt(out, stmt->as.explain, indent); break;
    case STMT_DESCRIBE: line_name(out, indent, "dataset", &stmt->as.describe, false); break;
    case STMT_BLOCK: print_block(out, &stmt->as.block, indent); break;
    case STMT_DROP: case STMT_INCLUDE: case STMT_SHOW: case STMT_TRY: print_rest(out, stmt, indent); break;
    case STMT_BREAK: case STMT_CONTINUE: break;
  }
}

static void print_block(Buf *out, const Block *block, int indent) {
  for (size_t i = 0; i < block->count; i++) print_stmt(out, block->stmts[i], indent);
}

void ast_print(Buf *out, const Block *body) { print_block(out, body, 0); }
