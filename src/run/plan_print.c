/* plan_print.c - one line a statement: place and text; what a statement holds is indented below its head. */
#include "run/plan_print.h"

#include <stdio.h>

#include "run/stats.h"

static void print_block(const Block *block, int depth, Buf *out);

static void print_line(const Stmt *stmt, int depth, const char *head, size_t width, Buf *out) {
  char place[96];
  snprintf(place, sizeof place, "%s:%u", stmt->pos.source ? stmt->pos.source->name : "", stmt->pos.line);
  buf_printf(out, "%-24s ", place);
  for (int i = 0; i < depth; i++) buf_text(out, "  ");
  if (head) buf_text(out, head);
  else stmt_text(stmt, width, out);
  buf_char(out, '\n');
}

static void print_named(const Stmt *stmt, const Block *block, int depth, const char *head, Buf *out) {
  if (!block->count) return;
  print_line(stmt, depth, head, 0, out);
  print_block(block, depth + 1, out);
}

/* The head of a statement that holds others is its text cut short. */
static void print_stmt(const Stmt *stmt, int depth, Buf *out) {
  bool holds = stmt->kind == STMT_IF || stmt->kind == STMT_LOOP || stmt->kind == STMT_WHILE || stmt->kind == STMT_TRY || stmt->kind == STMT_PROCEDURE;
  print_line(stmt, depth, stmt->kind == STMT_BLOCK ? "BEGIN" : NULL, holds ? 40 : 100, out);
  if (stmt->kind == STMT_IF) {
    for (size_t i = 0; i < stmt->as.branch.count; i++) print_named(stmt, &stmt->as.branch.blocks[i], depth, "THEN", out);
    print_named(stmt, &stmt->as.branch.otherwise, depth, "ELSE", out);
  } else if (stmt->kind == STMT_LOOP) {
    print_block(&stmt->as.loop.body, depth + 1, out);
    print_named(stmt, &stmt->as.loop.otherwise, depth, "ELSE", out);
  } else if (stmt->kind == STMT_WHILE) {
    print_block(&stmt->as.while_loop.body, depth + 1, out);
  } else if (stmt->kind == STMT_TRY) {
    print_block(&stmt->as.try_block.body, depth + 1, out);
    print_named(stmt, &stmt->as.try_block.handler, depth, "ON ERROR", out);
  } else if (stmt->kind == STMT_PROCEDURE) {
    print_block(&stmt->as.definition->body, depth + 1, out);
  } else if (stmt->kind == STMT_BLOCK) {
    print_block(&stmt->as.block, depth + 1, out);
  } else if (stmt->kind == STMT_INCLUDE) {
    print_block(&stmt->as.include.body, depth + 1, out);
  }
}

static void print_block(const Block *block, int depth, Buf *out) {
  for (size_t i = 0; i < block->count; i++) print_stmt(block->stmts[i], depth, out);
}

void plan_print(Unit *const *units, size_t count, Buf *out) {
  for (size_t i = 0; i < count; i++) print_block(&units[i]->body, 0, out);
}
