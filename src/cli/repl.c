/* repl.c - the loop of the shell, its commands, and the words it completes.
 *
 * Every entry (one or more whole statements) becomes a unit of its own. Units that parse are kept until the session has
 * gone, since functions and plans point into them.
 */
#include "cli/repl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/catalog_print.h"
#include "cli/line_edit.h"
#include "cli/signals.h"

struct Repl {
  ReplOptions given;
  LineEdit *edit;
  Buf pending;         /* lines of a statement that goes on */
  uint32_t first_line; /* of pending */
  uint32_t line;       /* read so far */
  Source **sources;    /* of the units that were read here */
  Unit **units;        /* those given, then those read here */
  size_t count, cap, source_cap;
  Arena completed; /* texts of the last completion */
  Buf history_path;
  bool quit;
};

/* --- Running. --- */

static Unit *parse_entry(Repl *repl, Source *source, Diagnostics *diagnostics) {
  Unit *unit = NULL;
  DcCode code = parse_unit(source, repl->given.next_number, &unit, diagnostics);
  VEC_GROW(repl->units, repl->count, repl->cap);
  repl->units[repl->count] = unit;
  if (code == DC_OK) code = check_added(repl->units, repl->count + 1, repl->given.library, diagnostics);
  if (code == DC_OK) return unit;
  unit_free(unit);
  return NULL;
}

static void run_text(Repl *repl, Str text, uint32_t first_line) {
  Diagnostics diagnostics = {0};
  Source *source = source_from_text("input", text);
  source->first_line = first_line;
  Unit *unit = parse_entry(repl, source, &diagnostics);
  for (size_t i = 0; i < diagnostics.count; i++)
    log_error(repl->given.log, diagnostics.warnings[i] ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, &diagnostics.items[i]);
  diagnostics_free(&diagnostics);
  if (!unit) {
    source_free(source);
    return;
  }
  size_t own = repl->count - repl->given.unit_count;
  VEC_GROW(repl->sources, own, repl->source_cap);
  repl->sources[own] = source;
  repl->count++;
  DcError err = {0};
  DcCode code = session_run_more(repl->given.session, unit, &err);
  if (code == DC_INTERRUPTED) log_text(repl->given.log, LOG_LEVEL_NOTICE, (Position){0}, str_of("interrupted"));
  else if (code != DC_OK) log_error(repl->given.log, LOG_LEVEL_ERROR, &err);
}

static void run_pending(Repl *repl) {
  run_text(repl, str_make(repl->pending.data, repl->pending.len), repl->first_line);
  repl->pending.len = 0;
}

/* --- Commands. --- */

typedef struct Command {
  const char *name, *argument, *doc;
  void (*run)(Repl *repl, Str argument);
} Command;

static void put(Buf *text) {
  if (text->len) fwrite(text->data, 1, text->len, stdout);
  fflush(stdout);
  buf_free(text);
}

static void command_quit(Repl *repl, Str argument) {
  (void)argument;
  repl->quit = true;
}

static void command_help(Repl *repl, Str argument);

static void command_show(Repl *repl, Str argument) {
  Buf text = {0};
  buf_printf(&text, "SHOW %.*s;", STR_ARG(argument.len ? argument : str_of("DATASETS")));
  run_text(repl, str_make(text.data, text.len), repl->line);
  buf_free(&text);
}

static void command_describe(Repl *repl, Str argument) {
  Buf text = {0};
  if (argument.len >= 2 && argument.data[0] == '"' && argument.data[argument.len - 1] == '"')
    argument = str_make(argument.data + 1, argument.len - 2);
  buf_text(&text, "DESCRIBE \"");
  for (size_t i = 0; i < argument.len; i++) {
    if (argument.data[i] == '"') buf_char(&text, '"');
    buf_char(&text, argument.data[i]);
  }
  buf_text(&text, "\";");
  Str needed = str_of("\\describe needs the name of a dataset; \\show lists them");
  if (argument.len) run_text(repl, str_make(text.data, text.len), repl->line);
  else log_text(repl->given.log, LOG_LEVEL_ERROR, (Position){0}, needed);
  buf_free(&text);
}

static void command_commit(Repl *repl, Str argument) {
  DcError err = {0};
  (void)argument;
  if (session_complete(repl->given.session, &err) != DC_OK) log_error(repl->given.log, LOG_LEVEL_ERROR, &err);
}

static void print_line(void *self, const char *line) {
  (void)self;
  fputs(line, stdout);
  if (!*line || line[strlen(line) - 1] != '\n') putchar('\n');
}

static void command_history(Repl *repl, Str argument) {
  (void)argument;
  line_edit_history(repl->edit, print_line, NULL);
  fflush(stdout);
}

static const Command commands[] = {
  {"quit", "", "end the session, as the end of the input does (Ctrl-D)", command_quit},
  {"help", "[NAME]", "this list; or what a function, operator, statement, transform or adapter does", command_help},
  {"show", "[WHAT]", "DATASETS (default), FUNCTIONS, TRANSFORMS, ADAPTERS or OPTIONS", command_show},
  {"describe", "NAME", "type, partitions, rows and columns of a dataset", command_describe},
  {"commit", "", "store the offsets of what was read from Kafka, commit open transactions", command_commit},
  {"history", "", "the lines that were typed", command_history},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void command_help(Repl *repl, Str argument) {
  Buf out = {0};
  if (argument.len) {
    DcError err = {0};
    if (print_anything(argument, &out, &err) != DC_OK) log_error(repl->given.log, LOG_LEVEL_ERROR, &err);
  } else {
    buf_text(&out, "A statement ends with ';' and may take several lines. An expression alone shows its value,\n"
                   "a SELECT without INTO its first rows. Ctrl-C stops what runs; Tab completes keywords, functions,\n"
                   "datasets and variables.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
      buf_printf(&out, "  \\%-10s %-7s %s\n", commands[i].name, commands[i].argument, commands[i].doc);
  }
  put(&out);
}

/* \name argument; the beginning of a name will do. */
static void run_command(Repl *repl, Str line) {
  size_t len = 1;
  while (len < line.len && line.data[len] != ' ' && line.data[len] != '\t' && line.data[len] != ';') len++;
  Str name = str_make(line.data + 1, len - 1), argument = str_make(line.data + len, line.len - len);
  while (argument.len && strchr(" \t", argument.data[0])) argument = str_make(argument.data + 1, argument.len - 1);
  while (argument.len && strchr(" \t;", argument.data[argument.len - 1])) argument.len--;
  Speller speller = speller_start(name);
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    Str known = str_of(commands[i].name);
    speller_try(&speller, known);
    if (!name.len || name.len > known.len || !str_eq_nocase(name, str_make(known.data, name.len))) continue;
    commands[i].run(repl, argument);
    return;
  }
  DcError err = {0};
  Str best = speller_best(&speller);
  dc_fail_at(&err, DC_USAGE, (Position){0}, "unknown command \\%.*s", STR_ARG(name));
  if (best.len) dc_hint(&err, "did you mean \\%.*s?", STR_ARG(best));
  else dc_hint(&err, "\\help lists them");
  log_error(repl->given.log, LOG_LEVEL_ERROR, &err);
}

/* --- Completion. --- */

typedef struct Offer {
  Repl *repl;
  Completion *out;
  Str typed;
  const char *before, *behind; /* what stands around the word */
} Offer;

static void offer(void *self, Str word) {
  Offer *offered = self;
  if (word.len < offered->typed.len || !str_eq_nocase(str_make(word.data, offered->typed.len), offered->typed)) return;
  VEC_GROW(offered->out->words, offered->out->count, offered->out->cap);
  offered->out->words[offered->out->count++] =
    arena_printf(&offered->repl->completed, "%s%.*s%s", offered->before, STR_ARG(word), offered->behind);
}

static void offer_functions(Offer *offered) {
  size_t count;
  const Package *const *packages = catalog_packages(&count);
  offered->behind = "(";
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < packages[i]->function_count; k++) offer(offered, str_of(packages[i]->functions[k].name));
  for (size_t i = 0; i < library_entry_count; i++)
    if (library_entries[i].kind == LIBRARY_FUNCTION) offer(offered, str_of(library_entries[i].name));
  session_names(offered->repl->given.session, SESSION_FUNCTIONS, offer, offered);
  offered->behind = "";
}

static int by_text(const void *a, const void *b) { return str_compare(*(const Str *)a, *(const Str *)b); }

static void sort_words(Completion *out) {
  size_t kept = 0;
  if (out->count) qsort(out->words, out->count, sizeof *out->words, by_text);
  for (size_t i = 0; i < out->count; i++)
    if (!kept || !str_eq(out->words[i], out->words[kept - 1])) out->words[kept++] = out->words[i];
  out->count = kept;
}

static bool in_word(char c) {
  bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || ((unsigned char)c & 0x80);
  return is_letter || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static void complete(void *self, Str before, Completion *out) {
  Repl *repl = self;
  Offer offered = {repl, out, {0}, "", ""};
  size_t quote = before.len, quotes = 0, start = before.len;
  arena_reset(&repl->completed);
  for (size_t i = 0; i < before.len; i++)
    if (before.data[i] == '"') quote = i, quotes++;
  while (start && in_word(before.data[start - 1])) start--;
  offered.typed = str_make(before.data + start, before.len - start);
  out->replaced = offered.typed.len;
  if (quotes % 2) {
    offered.typed = str_make(before.data + quote + 1, before.len - quote - 1);
    out->replaced = offered.typed.len;
    offered.behind = "\"";
    session_names(repl->given.session, SESSION_DATASETS, offer, &offered);
  } else if (start == 1 && before.data[0] == '\\') {
    for (size_t i = 0; i < COMMAND_COUNT; i++) offer(&offered, str_of(commands[i].name));
  } else if (start && before.data[start - 1] == '$') {
    session_names(repl->given.session, SESSION_VARIABLES, offer, &offered);
  } else {
    keywords_each(offer, &offered);
    offer_functions(&offered);
    session_names(repl->given.session, SESSION_DATASETS, offer, &offered);
    session_names(repl->given.session, SESSION_PROCEDURES, offer, &offered);
  }
  sort_words(out);
}

/* --- The loop. --- */

Repl *repl_new(const ReplOptions *options) {
  Repl *repl = dc_alloc(sizeof *repl);
  const char *home = getenv("HOME");
  repl->given = *options;
  for (size_t i = 0; i < options->unit_count; i++) {
    VEC_GROW(repl->units, repl->count, repl->cap);
    repl->units[repl->count++] = options->units[i];
  }
  if (home && *home) buf_printf(&repl->history_path, "%s/.dcetl_history", home);
  if (home && *home) buf_put(&repl->history_path, "", 1);
  return repl;
}

void repl_free(Repl *repl) {
  if (!repl) return;
  for (size_t i = repl->given.unit_count; i < repl->count; i++) {
    unit_free(repl->units[i]);
    source_free(repl->sources[i - repl->given.unit_count]);
  }
  dc_free(repl->units);
  dc_free(repl->sources);
  buf_free(&repl->pending);
  buf_free(&repl->history_path);
  arena_free(&repl->completed);
  dc_free(repl);
}

static bool is_blank(Str text) {
  for (size_t i = 0; i < text.len; i++)
    if (!strchr(" \t\r\n", text.data[i])) return false;
  return true;
}

static void take_line(Repl *repl, Str line) {
  repl->line++;
  if (!repl->pending.len) {
    if (is_blank(line)) return;
    if (line.data[0] == '\\') {
      run_command(repl, line);
      return;
    }
    repl->first_line = repl->line;
  }
  buf_str(&repl->pending, line);
  buf_char(&repl->pending, '\n');
  bool may_end = memchr(line.data, ';', line.len) || repl->pending.len == line.len + 1; /* or a comment alone */
  if (may_end && text_is_complete(str_make(repl->pending.data, repl->pending.len))) run_pending(repl);
}

/* A signal: Ctrl-C takes back what was typed; another one ends the session. */
static bool ends_session(Repl *repl) {
  bool ends = signals_caught() && signals_caught() != SIGINT;
  if (!ends) signals_forget();
  repl->pending.len = 0;
  if (line_edit_is_terminal(repl->edit)) putchar('\n');
  return ends;
}

static DcCode loop(Repl *repl, DcError *err) {
  Buf line = {0};
  DcCode code = DC_OK;
  while (!repl->quit && code == DC_OK) {
    LineResult result = line_edit_read(repl->edit, repl->pending.len ? "  ...> " : "dcetl> ", &line);
    if (result == LINE_END) break;
    if (result == LINE_INTERRUPTED) {
      if (ends_session(repl)) code = dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
      continue;
    }
    Str text = str_make(line.data, line.len);
    if (!is_blank(text)) line_edit_remember(repl->edit, text);
    take_line(repl, text);
  }
  buf_free(&line);
  return code;
}

DcCode repl_run(Repl *repl, DcError *err) {
  repl->edit = line_edit_new(complete, repl, repl->history_path.data);
  bool terminal = line_edit_is_terminal(repl->edit);
  if (terminal) puts("dcetl: a statement ends with ';'. \\help tells more, \\quit ends the session.");
  DcCode code = loop(repl, err);
  if (code == DC_OK && repl->pending.len) run_pending(repl); /* the input ends within it: the message says so */
  if (terminal && !repl->quit && code == DC_OK) putchar('\n');
  if (session_has_open_transactions(repl->given.session))
    log_text(repl->given.log, LOG_LEVEL_WARNING, (Position){0}, str_of("a transaction is open and is given up: \\commit would have committed it"));
  fflush(stdout);
  line_edit_free(repl->edit);
  repl->edit = NULL;
  return code;
}
