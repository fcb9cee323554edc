/* stats.c - adds up the cost of statements and prints it as a table or as JSON. */
#include "run/stats.h"

#include "base/log.h"
#include "base/secret.h"
#include "run/table.h"

static void sum_up(StatementStats *sum, const StatementStats *cost) {
  sum->rows_in += cost->rows_in;
  sum->rows_out += cost->rows_out;
  sum->bytes_in += cost->bytes_in;
  sum->bytes_out += cost->bytes_out;
  sum->partitions_read += cost->partitions_read;
  if (cost->partitions_of > sum->partitions_of) sum->partitions_of = cost->partitions_of; /* the same ones again */
  sum->files_read += cost->files_read;
  sum->files_of += cost->files_of;
  sum->bytes_read += cost->bytes_read;
  sum->bytes_written += cost->bytes_written;
  sum->bytes_spilled += cost->bytes_spilled;
  sum->rows_copied += cost->rows_copied;
  if (cost->peak_memory > sum->peak_memory) sum->peak_memory = cost->peak_memory;
  sum->outputs += cost->outputs;
  sum->seconds += cost->seconds;
  sum->cpu_seconds += cost->cpu_seconds;
}

static StatementTotal *total_of(Stats *stats, const Stmt *stmt) {
  size_t number = (size_t)stmt->number;
  while (number >= stats->number_cap) {
    size_t cap = stats->number_cap ? stats->number_cap * 2 : 64;
    stats->by_number = dc_realloc(stats->by_number, cap * sizeof *stats->by_number);
    memset(stats->by_number + stats->number_cap, 0, (cap - stats->number_cap) * sizeof *stats->by_number);
    stats->number_cap = cap;
  }
  if (!stats->by_number[number]) {
    VEC_GROW(stats->totals, stats->count, stats->cap);
    stats->totals[stats->count] = (StatementTotal){.stmt = stmt};
    stats->by_number[number] = (uint32_t)++stats->count;
  }
  return &stats->totals[stats->by_number[number] - 1];
}

void stats_add(Stats *stats, const Stmt *stmt, const StatementStats *cost) {
  StatementTotal *total = total_of(stats, stmt);
  total->executions++;
  total->deferred += cost->deferred;
  sum_up(&total->sum, cost);
  if (stats->execution_count == STATS_EXECUTIONS_MAX) return;
  VEC_GROW(stats->executions, stats->execution_count, stats->execution_cap);
  stats->executions[stats->execution_count++] = (Execution){stmt, *cost};
}

void stats_deinit(Stats *stats) {
  dc_free(stats->totals);
  dc_free(stats->by_number);
  dc_free(stats->executions);
  memset(stats, 0, sizeof *stats);
}

const char *stmt_kind_name(StmtKind kind) {
  static const char *const names[] = {
    [STMT_CREATE] = "CREATE", [STMT_ALTER] = "ALTER", [STMT_SELECT] = "SELECT", [STMT_COPY] = "COPY",
    [STMT_SPLIT] = "SPLIT", [STMT_CALL] = "CALL", [STMT_ANALYZE] = "ANALYZE", [STMT_LET] = "LET",
    [STMT_LET_SELECT] = "LET SELECT", [STMT_EXPR] = "LET", [STMT_IF] = "IF", [STMT_LOOP] = "LOOP",
    [STMT_WHILE] = "WHILE", [STMT_BREAK] = "BREAK", [STMT_CONTINUE] = "CONTINUE", [STMT_RAISE] = "RAISE",
    [STMT_RETURN] = "RETURN", [STMT_FETCH] = "FETCH", [STMT_YIELD] = "YIELD", [STMT_FUNCTION] = "FUNCTION",
    [STMT_PROCEDURE] = "PROCEDURE", [STMT_TRANSFORM] = "TRANSFORM", [STMT_DROP] = "DROP", [STMT_OPTIONS] = "OPTIONS",
    [STMT_INCLUDE] = "INCLUDE", [STMT_EXPLAIN] = "EXPLAIN", [STMT_DESCRIBE] = "DESCRIBE", [STMT_SHOW] = "SHOW",
    [STMT_EXPECT] = "EXPECT", [STMT_TRY] = "TRY", [STMT_BLOCK] = "BEGIN", [STMT_EXEC] = "EXEC",
  };
  return names[kind];
}

/* The statement in one line, so much of it as may be shown and what stands behind that; false: that is all of it. */
static bool one_line(const Stmt *stmt, size_t width, Buf *out) {
  const Source *source = stmt->pos.source;
  size_t end = (size_t)stmt->pos.offset + stmt->pos.length;
  bool blank = false;
  for (size_t i = stmt->pos.offset; i < source->len && i < end; i++) {
    char c = source->text[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      blank = true;
      continue;
    }
    if (out->len >= width) return true;
    if (blank && out->len) buf_char(out, ' ');
    blank = false;
    buf_char(out, c);
  }
  return false;
}

/* Secrets are masked before the text is cut: a part of one must not stay. */
void stmt_text(const Stmt *stmt, size_t width, Buf *out) {
  enum { LONGEST_SECRET = 4096 };
  Buf line = {0};
  if (!stmt->pos.source) return;
  bool more = one_line(stmt, width * 4 + LONGEST_SECRET, &line);
  secret_mask(&line, 0);
  size_t shown = 0, at = 0;
  for (; at < line.len; at++) {
    bool starts = ((unsigned char)line.data[at] & 0xC0) != 0x80;
    if (starts && shown == width) break;
    shown += starts;
  }
  while (at && at < line.len && line.data[at - 1] == ' ') at--; /* as if it had been cut before the blank */
  buf_put(out, line.data, at);
  if (more || at < line.len) buf_text(out, "…");
  buf_free(&line);
}

/* 1234567 as 1.2M; exact below ten thousand. */
static void amount(Table *table, uint64_t number) {
  static const char units[] = " kMGTPE";
  if (!number) {
    table_str(table, (Str){0});
  } else if (number < 10000) {
    table_put(table, "%llu", (unsigned long long)number);
  } else {
    double scaled = (double)number;
    size_t unit = 0;
    while (scaled >= 1000) scaled /= 1000, unit++;
    table_put(table, "%.*f%c", scaled < 100, scaled, units[unit]);
  }
}

static void put_costs(Table *table, const StatementStats *cost) {
  amount(table, cost->rows_in);
  amount(table, cost->rows_out);
  amount(table, cost->bytes_in);
  amount(table, cost->bytes_out);
  if (cost->partitions_of) table_put(table, "%llu/%llu", (unsigned long long)cost->partitions_read, (unsigned long long)cost->partitions_of);
  else table_str(table, (Str){0});
  if (cost->files_of) table_put(table, "%llu/%llu", (unsigned long long)cost->files_read, (unsigned long long)cost->files_of);
  else table_str(table, (Str){0});
  amount(table, cost->bytes_read);
  amount(table, cost->bytes_written);
  amount(table, cost->bytes_spilled);
  amount(table, cost->peak_memory);
  amount(table, cost->outputs);
  table_put(table, "%.3f", cost->seconds);
  table_put(table, "%.3f", cost->cpu_seconds);
}

void stats_table(const Stats *stats, Buf *out) {
  static const char *const heads[] = {">line", "statement", ">rows in", ">rows out", ">bytes in", ">bytes out", ">parts",
                                      ">inputs", ">read", ">written", ">spilled", ">memory", ">files", ">seconds", ">cpu"};
  Table table = {0};
  StatementStats all = {0};
  table_start(&table, heads, sizeof heads / sizeof *heads);
  for (size_t i = 0; i < stats->count; i++) {
    const StatementTotal *total = &stats->totals[i];
    Buf text = {0};
    stmt_text(total->stmt, 48, &text);
    if (total->executions > 1) buf_printf(&text, " ×%llu", (unsigned long long)total->executions);
    if (total->deferred == total->executions) buf_text(&text, " (deferred)");
    table_put(&table, "%u", total->stmt->pos.line);
    table_put(&table, "%.*s", (int)text.len, text.data ? text.data : "");
    put_costs(&table, &total->sum);
    sum_up(&all, &total->sum);
    buf_free(&text);
  }
  table_str(&table, (Str){0});
  table_put(&table, "total");
  put_costs(&table, &all);
  table_print(&table, out);
}

static void json_costs(Buf *out, const StatementStats *cost) {
  const struct { const char *name; uint64_t value; } fields[] = {
    {"rows_in", cost->rows_in}, {"rows_out", cost->rows_out}, {"bytes_in", cost->bytes_in},
    {"bytes_out", cost->bytes_out}, {"partitions_read", cost->partitions_read}, {"partitions_of", cost->partitions_of}, {"files_read", cost->files_read}, {"files_of", cost->files_of},
    {"bytes_read", cost->bytes_read}, {"bytes_written", cost->bytes_written}, {"bytes_spilled", cost->bytes_spilled},
    {"rows_copied", cost->rows_copied}, {"peak_memory", cost->peak_memory}, {"outputs", cost->outputs},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    buf_printf(out, "\"%s\":%llu,", fields[i].name, (unsigned long long)fields[i].value);
  buf_printf(out, "\"seconds\":%.6f,\"cpu_seconds\":%.6f", cost->seconds, cost->cpu_seconds);
}

static void json_statement(Buf *out, const Stmt *stmt) {
  Buf text = {0};
  stmt_text(stmt, 200, &text);
  buf_printf(out, "\"number\":%d,\"line\":%u,\"file\":", stmt->number, stmt->pos.line);
  json_put(out, str_of(stmt->pos.source ? stmt->pos.source->name : ""));
  buf_printf(out, ",\"kind\":\"%s\",\"text\":", stmt_kind_name(stmt->kind));
  json_put(out, str_make(text.data, text.len));
  buf_char(out, ',');
  buf_free(&text);
}

void stats_json(const Stats *stats, Buf *out) {
  StatementStats all = {0};
  uint64_t executions = 0;
  buf_text(out, "{\"statements\":[");
  for (size_t i = 0; i < stats->count; i++) {
    const StatementTotal *total = &stats->totals[i];
    buf_text(out, i ? ",\n {" : "\n {");
    json_statement(out, total->stmt);
    buf_printf(out, "\"executions\":%llu,\"deferred\":%s,", (unsigned long long)total->executions,
               total->deferred == total->executions ? "true" : "false");
    json_costs(out, &total->sum);
    buf_char(out, '}');
    sum_up(&all, &total->sum);
    executions += total->executions;
  }
  buf_text(out, "],\n");
  if (executions < STATS_EXECUTIONS_MAX) {
    buf_text(out, "\"executions\":[");
    for (size_t i = 0; i < stats->execution_count; i++) {
      const Execution *execution = &stats->executions[i];
      buf_printf(out, "%s\n {\"number\":%d,\"line\":%u,\"deferred\":%s,", i ? "," : "", execution->stmt->number,
                 execution->stmt->pos.line, execution->stats.deferred ? "true" : "false");
      json_costs(out, &execution->stats);
      buf_char(out, '}');
    }
    buf_text(out, "],\n");
  }
  buf_printf(out, "\"total\":{\"executions\":%llu,", (unsigned long long)executions);
  json_costs(out, &all);
  buf_text(out, "}}\n");
}
