/* main.c - from the command line to an exit status.
 *
 * Scripts are read, parsed and checked before anything runs; then one session runs them. Owns sources, units, settings
 * and the log.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "cli/args.h"
#include "cli/catalog_print.h"
#include "cli/generate.h"
#include "cli/packages.h"
#include "cli/repl.h"
#include "cli/signals.h"
#include "engine/typed_guard.h"
#include "io/manifest.h"
#include "io/remote.h"
#include "lang/secrets.h"
#include "run/plan_print.h"
#include "run/vars_file.h"

typedef struct Program {
  Arguments arguments;
  Settings settings;
  Log log;
  Source **sources;
  Unit **units;
  size_t count; /* of sources and units */
  int next_number; /* of a statement */
  Library *library;
  bool sound; /* the scripts may run */
  Diagnostics diagnostics;
  Arena arena;
} Program;

static int exit_status(DcCode code) {
  switch (code) {
    case DC_OK: return 0;
    case DC_FAIL: return 1;
    case DC_USAGE: return 2;
    case DC_CHECK: return 3;
    case DC_INTERRUPTED: return 128 + (signals_caught() ? signals_caught() : SIGINT);
  }
  return 1;
}

static DcCode read_sources(Program *program, DcError *err) {
  const Arguments *arguments = &program->arguments;
  program->sources = dc_alloc((arguments->script_count + 1) * sizeof *program->sources);
  program->units = dc_alloc((arguments->script_count + 1) * sizeof *program->units);
  for (size_t i = 0; i < arguments->script_count; i++) {
    const ScriptArg *script = &arguments->scripts[i];
    if (script->is_text) {
      program->sources[i] = source_from_text("-e", str_of(script->text));
    } else if (source_read(script->text, &program->sources[i], err) != DC_OK) {
      err->code = DC_USAGE;
      return DC_USAGE;
    }
    program->count = i + 1;
  }
  return DC_OK;
}

static void print_diagnostics(Program *program) {
  const Diagnostics *list = &program->diagnostics;
  for (size_t i = 0; i < list->count; i++)
    log_error(&program->log, list->warnings[i] ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, &list->items[i]);
}

/* Parses and checks everything; all mistakes are printed. */
static DcCode parse_all(Program *program) {
  DcCode code = DC_OK;
  program->next_number = 1;
  program->library = library_new(&program->next_number);
  for (size_t i = 0; i < program->count; i++)
    if (parse_unit(program->sources[i], &program->next_number, &program->units[i], &program->diagnostics) != DC_OK) code = DC_CHECK;
  if (code == DC_OK) code = check_units(program->units, program->count, program->library, &program->diagnostics);
  print_diagnostics(program);
  program->sound = code == DC_OK;
  return code;
}

/* --- Variables. --- */

static DcCode set_variable(void *self, Str name, Value value, DcError *err) {
  (void)err;
  (void)session_set_variable(self, name, value); /* as in 5.5, a file may hold read-only names: they are left out */
  return DC_OK;
}

static DcCode read_vars_file(Program *program, Session *session, const char *path, DcError *err) {
  Source *source;
  DcCode code = source_read(path, &source, err);
  if (code == DC_OK) {
    DcError cause = {0};
    code = vars_parse(str_make(source->text, source->len), &program->arena, set_variable, session, &cause);
    if (code != DC_OK) dc_fail(err, "%s: %s", path, cause.message);
    source_free(source);
  }
  if (code != DC_OK) err->code = DC_USAGE;
  return code == DC_OK ? DC_OK : DC_USAGE;
}

static DcCode set_variables(Program *program, Session *session, DcError *err) {
  const Arguments *arguments = &program->arguments;
  Value *rest = arena_alloc(&program->arena, (arguments->rest_count + 1) * sizeof *rest);
  for (size_t i = 0; i < arguments->rest_count; i++) rest[i] = value_text(arguments->rest[i]);
  session_set_variable(session, str_of("ARGS"), value_array(&program->arena, rest, arguments->rest_count));
  for (size_t i = 0; i < arguments->var_count; i++) {
    const VarArg *var = &arguments->vars[i];
    if (var->is_file) {
      DC_TRY(read_vars_file(program, session, var->text, err));
      continue;
    }
    const char *equals = strchr(var->text, '=');
    Str name = str_make(var->text, (size_t)(equals - var->text));
    if (!session_set_variable(session, name, vars_argument(str_of(equals + 1), &program->arena)))
      return dc_fail_at(err, DC_USAGE, (Position){0}, "-v %s: $%.*s cannot be changed", var->text, STR_ARG(name));
  }
  return DC_OK;
}

/* --- Actions. --- */

static DcCode put_stats(Program *program, Session *session, DcError *err) {
  const char *path = program->arguments.stats_file;
  if (!program->arguments.stats) return DC_OK;
  Buf text = {0};
  DcCode code = DC_OK;
  session_print_stats(session, &text, path && str_ends(str_of(path), str_of(".json")));
  FILE *file = path ? fopen(path, "we") : stderr;
  if (file) fwrite(text.data, 1, text.len, file);
  if (!file || (path && fclose(file) != 0)) code = dc_fail_errno(err, errno, "cannot write '%s'", path ? path : "standard error");
  buf_free(&text);
  return code;
}

/* The scripts, then the shell. What fails in a script is printed, and the shell shows what there is. */
static DcCode run_shell(Program *program, Session *session, Repl **repl, DcError *err) {
  if (program->sound && session_run(session, program->units, program->count, err) != DC_OK) {
    if (err->code == DC_INTERRUPTED) return DC_INTERRUPTED;
    log_error(&program->log, LOG_LEVEL_ERROR, err);
    dc_error_clear(err);
  }
  ReplOptions options = {.session = session, .log = &program->log, .units = program->units,
                         .unit_count = program->sound ? program->count : 0, .library = program->library,
                         .next_number = &program->next_number};
  *repl = repl_new(&options);
  return repl_run(*repl, err);
}

static DcCode run_session(Program *program, DcError *err) {
  bool shell = program->arguments.action == ACTION_INTERACTIVE;
  SessionOptions options = {.log = &program->log, .out = stdout, .library = program->library, .settings = &program->settings, .goes_on = shell,
                            .collect_stats = program->arguments.stats, .progress = program->arguments.progress};
  Session *session = session_new(&options);
  Repl *repl = NULL;
  DcCode code = set_variables(program, session, err);
  if (code == DC_OK) {
    signals_catch();
    code = shell ? run_shell(program, session, &repl, err) : session_run(session, program->units, program->count, err);
    DcError stats_error = {0};
    if (put_stats(program, session, &stats_error) != DC_OK) {
      log_error(&program->log, LOG_LEVEL_ERROR, &stats_error);
      if (code == DC_OK) code = DC_FAIL;
    }
  }
  if (code == DC_INTERRUPTED) {
    const char *message = session_has_written(session) ? "interrupted; the running statement has written nothing" : "interrupted; nothing was written";
    memset(err, 0, sizeof *err);
    dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "%s", message);
  }
  session_free(session);
  repl_free(repl);
  return code;
}

static DcCode print_trees(Program *program, Buf *out) {
  DcCode code = DC_OK;
  if (program->arguments.action == ACTION_TOKENS) {
    for (size_t i = 0; i < program->count; i++) {
      secrets_note_text(str_make(program->sources[i]->text, program->sources[i]->len));
      tokens_print(out, program->sources[i], &program->diagnostics);
    }
    secret_mask(out, 0);
    print_diagnostics(program);
    return program->diagnostics.errors ? DC_CHECK : DC_OK;
  }
  code = parse_all(program);
  if (program->arguments.action == ACTION_AST)
    for (size_t i = 0; i < program->count; i++) ast_print(out, &program->units[i]->body);
  else if (code == DC_OK)
    plan_print(program->units, program->count, out);
  secret_mask(out, 0);
  return code;
}

static DcCode print_catalogue(const Arguments *arguments, Buf *out, DcError *err) {
  RowKind kind = (RowKind)(arguments->action - ACTION_FUNCTIONS); /* in the same order */
  if (!arguments->script_count) return print_rows(kind, (Str){0}, out, err);
  for (size_t i = 0; i < arguments->script_count; i++) DC_TRY(print_rows(kind, str_of(arguments->scripts[i].text), out, err));
  return DC_OK;
}

/* The shell reads standard input itself. */
static DcCode check_shell(const Arguments *arguments, DcError *err) {
  for (size_t i = 0; i < arguments->script_count; i++)
    if (!arguments->scripts[i].is_text && strcmp(arguments->scripts[i].text, "-") == 0) {
      dc_fail_at(err, DC_USAGE, (Position){0}, "-i reads standard input, so the script cannot come from there");
      dc_hint(err, "leave '-' out: -i takes the statements from standard input by itself");
      return DC_USAGE;
    }
  return DC_OK;
}

static void put_difference(void *self, const char *text) { buf_printf(self, "%s\n", text); }

/* What differs goes to out, a line each. */
static DcCode verify(const Arguments *arguments, Buf *out, DcError *err) {
  uint64_t files = 0;
  if (!arguments->script_count) {
    dc_fail_at(err, DC_USAGE, (Position){0}, "--verify needs the path of an output or of its manifest");
    dc_hint(err, "COPY … csv(@manifest = TRUE) INTO 'out' goes with dcetl --verify out");
    return DC_USAGE;
  }
  for (size_t i = 0; i < arguments->script_count; i++) DC_TRY(manifest_verify(arguments->scripts[i].text, put_difference, out, &files, err));
  if (out->len) return dc_fail(err, "outputs differ from their manifests");
  buf_printf(out, "%llu file%s as listed\n", (unsigned long long)files, files == 1 ? "" : "s");
  return DC_OK;
}

/* Text goes to out, which is printed whatever the result. */
static DcCode act(Program *program, Buf *out, DcError *err) {
  Action action = program->arguments.action;
  switch (action) {
    case ACTION_HELP: arguments_help(out); return DC_OK;
    case ACTION_VERSION: buf_text(out, "dcetl " DCETL_VERSION "\n"); return DC_OK;
    case ACTION_FUNCTIONS: case ACTION_STATEMENTS: case ACTION_ADAPTERS: case ACTION_TRANSFORMS: case ACTION_OPERATIONS:
      return print_catalogue(&program->arguments, out, err);
    case ACTION_VERIFY: return verify(&program->arguments, out, err);
    case ACTION_HELPER: return guard_work(program->arguments.helper, err);
    case ACTION_GENERATE: return generate(program->arguments.generate, out, err);
    case ACTION_INTERACTIVE: DC_TRY(check_shell(&program->arguments, err)); break;
    case ACTION_RUN: case ACTION_DRY_RUN: case ACTION_TOKENS: case ACTION_AST: break;
  }
  if (settings_environment(&program->settings, err) != DC_OK) {
    err->code = DC_USAGE;
    return DC_USAGE;
  }
  DC_TRY(arguments_settings(&program->arguments, &program->settings, err));
  program->log.level = program->settings.log_level;
  remote_use_log(&program->log);
  DC_TRY(read_sources(program, err));
  if (action != ACTION_RUN && action != ACTION_INTERACTIVE) return print_trees(program, out);
  DcCode code = parse_all(program);
  if (code != DC_OK && action == ACTION_RUN) return code;
  return run_session(program, err);
}

/* Standard output is closed here, so that a full disk is an error. Closed from the start and unused: no error. */
static DcCode close_output(DcError *err) {
  bool failed = ferror(stdout) != 0;
  errno = 0;
  if (fclose(stdout) == 0 && !failed) return DC_OK;
  if (errno == EBADF && !failed) return DC_OK;
  return dc_fail_errno(err, errno ? errno : EIO, "cannot write standard output");
}

static void deinit(Program *program) {
  remote_use_log(NULL);
  for (size_t i = 0; i < program->count; i++) {
    if (program->units[i]) unit_free(program->units[i]);
    source_free(program->sources[i]);
  }
  library_free(program->library);
  dc_free(program->units);
  dc_free(program->sources);
  diagnostics_free(&program->diagnostics);
  arguments_deinit(&program->arguments);
  settings_deinit(&program->settings);
  arena_free(&program->arena);
  log_deinit(&program->log);
}

int main(int argc, char **argv) {
  Program program = {.count = 0};
  DcError err = {0}, output_error = {0};
  Buf out = {0};
  signal(SIGPIPE, SIG_IGN);
  settings_init(&program.settings);
  log_init(&program.log, stderr);
  packages_install();
  DcCode code = arguments_parse(argc, (const char *const *)argv, &program.arguments, &err);
  program.log.json = program.arguments.json_log;
  if (code == DC_OK) code = act(&program, &out, &err);
  if (err.code != DC_OK) log_error(&program.log, LOG_LEVEL_ERROR, &err);
  if (out.len) fwrite(out.data, 1, out.len, stdout);
  buf_free(&out);
  if (close_output(&output_error) != DC_OK && code == DC_OK) {
    log_error(&program.log, LOG_LEVEL_ERROR, &output_error);
    code = DC_FAIL;
  }
  deinit(&program);
  return exit_status(code);
}
