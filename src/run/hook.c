/* hook.c - runs the hook command. */
#include "run/hook.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/secret.h"

extern char **environ;

enum { ADDED = 3, LOOK_EVERY = 50 /* ms */, GRACE = 2000 /* ms */ };

/* The environment of the process, with our variables in place of such that are there. The list is on the heap, not its texts. */
static char **make_environment(char *const added[ADDED]) {
  size_t count = 0, kept = 0;
  while (environ[count]) count++;
  char **out = dc_alloc((count + ADDED + 1) * sizeof *out);
  for (size_t i = 0; i < count; i++)
    if (!str_starts(str_of(environ[i]), str_of("DCETL_HOOK_"))) out[kept++] = environ[i];
  for (size_t i = 0; i < ADDED; i++) out[kept++] = added[i];
  out[kept] = NULL;
  return out;
}

/* A pipe's end and output to standard error; 0, or why not. */
static int start(const char *command, char **environment, int input, pid_t *child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, defaults;
  char *arguments[] = {(char *)"sh", (char *)"-c", (char *)(uintptr_t)command, NULL};
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  error = posix_spawnattr_init(&attributes);
  if (!error) error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  if (!error) error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (!error) error = posix_spawnattr_setsigdefault(&attributes, &defaults);
  if (!error) error = posix_spawnattr_setpgroup(&attributes, 0); /* of its own, so that all of it can be ended */
  if (!error) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  if (!error) error = posix_spawn(child, "/bin/sh", &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

typedef enum Ending { ENDED, TOO_LATE, STOPPED } Ending;

/* Waits for its end, so many milliseconds at most. STOPPED: the run is to end before. */
static Ending wait_for(pid_t child, uint64_t milliseconds, bool urgent, int *status) {
  for (uint64_t waited = 0;; waited += LOOK_EVERY) {
    pid_t ended = waitpid(child, status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return ENDED;
    if (!urgent && interrupt_asked()) return STOPPED;
    if (waited >= milliseconds) return TOO_LATE;
    (void)poll(NULL, 0, LOOK_EVERY);
  }
}

/* Asks all of it to end, and does not ask twice. */
static void end_all(pid_t child) {
  int status;
  (void)kill(-child, SIGTERM);
  if (wait_for(child, GRACE, true, &status) == ENDED) return;
  (void)kill(-child, SIGKILL);
  (void)waitpid(child, &status, 0);
}

/* An unnamed file with the message, at its beginning: a command that does not read it disturbs nobody. -1: errno. */
static int message_file(const Buf *message) {
  FILE *file = tmpfile();
  if (!file) return -1;
  int fd = -1;
  if (fwrite(message->data, 1, message->len, file) == message->len && fputc('\n', file) != EOF && fflush(file) == 0 && lseek(fileno(file), 0, SEEK_SET) == 0)
    fd = dup(fileno(file));
  (void)fclose(file);
  return fd;
}

static void run(const Settings *settings, Log *log, char *const added[ADDED], const Buf *message) {
  pid_t child = 0;
  int status = 0, input = message_file(message), error = input < 0 ? errno : 0;
  char **environment = make_environment(added);
  if (!error) error = start(settings->raise_hook, environment, input, &child);
  if (input >= 0) (void)close(input);
  dc_free(environment);
  if (error) {
    log_printf(log, LOG_LEVEL_WARNING, (Position){0}, "the hook \"%s\" cannot be run: %s", settings->raise_hook, strerror(error));
    return;
  }
  Ending ending = wait_for(child, settings->raise_hook_timeout ? settings->raise_hook_timeout * 1000 : UINT64_MAX, false, &status);
  if (ending != ENDED) end_all(child);
  if (ending == TOO_LATE)
    log_printf(log, LOG_LEVEL_WARNING, (Position){0}, "the hook \"%s\" took more than %" PRIu64 " s and was ended; @raise_hook_timeout allows more",
               settings->raise_hook, settings->raise_hook_timeout);
  else if (ending == ENDED && WIFSIGNALED(status))
    log_printf(log, LOG_LEVEL_WARNING, (Position){0}, "the hook \"%s\" was ended by signal %d", settings->raise_hook, WTERMSIG(status));
  else if (ending == ENDED && WEXITSTATUS(status))
    log_printf(log, LOG_LEVEL_WARNING, (Position){0}, "the hook \"%s\" ended with status %d", settings->raise_hook, WEXITSTATUS(status));
}

void hook_call(const Settings *settings, Log *log, LogLevel level, Position pos, Str message) {
  if (!settings->raise_hook || level < settings->raise_hook_level) return;
  Buf text = {0}, variables[ADDED] = {{0}};
  buf_str(&text, message);
  secret_mask(&text, 0);
  buf_printf(&variables[0], "DCETL_HOOK_LEVEL=%s", log_level_name(level));
  buf_printf(&variables[1], "DCETL_HOOK_MESSAGE=%.*s", (int)text.len, text.data ? text.data : "");
  buf_text(&variables[2], "DCETL_HOOK_PLACE=");
  if (pos.source) buf_printf(&variables[2], "%s:%u", pos.source->name, pos.line);
  for (int i = 0; i < ADDED; i++) buf_char(&variables[i], 0);
  run(settings, log, (char *const[ADDED]){variables[0].data, variables[1].data, variables[2].data}, &text);
  for (int i = 0; i < ADDED; i++) buf_free(&variables[i]);
  buf_free(&text);
}
