/* line_edit.c - libedit behind dlopen, and plain lines where it is not. */
#include "cli/line_edit.h"

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include "base/interrupt.h"
#include "lang/secrets.h"

#if defined(__has_include)
#if __has_include(<histedit.h>)
#include <histedit.h>
#define HAVE_LIBEDIT 1
#endif
#endif
#ifndef HAVE_LIBEDIT
typedef struct editline EditLine;
typedef struct history History;
#endif

enum { HISTORY_MAX = 1000, LISTED_MAX = 200 };

struct LineEdit {
  bool terminal;
  CompleteFn complete;
  void *self;
  const char *history_path;
  Completion completion;
  Buf pending;   /* plain: bytes that were read behind the last line */
  size_t taken;  /* of pending */
  bool ended;
  /* libedit; handle NULL: not there */
  void *handle;
  EditLine *line;
  History *history;
  const char *prompt;
};

#ifdef HAVE_LIBEDIT
/* The functions of libedit that are used, by name. */
static struct {
  EditLine *(*el_init)(const char *, FILE *, FILE *, FILE *);
  void (*el_end)(EditLine *);
  void (*el_reset)(EditLine *);
  const char *(*el_gets)(EditLine *, int *);
  int (*el_set)(EditLine *, int, ...);
  int (*el_wset)(EditLine *, int, ...);
  int (*el_get)(EditLine *, int, ...);
  const LineInfo *(*el_line)(EditLine *);
  int (*el_insertstr)(EditLine *, const char *);
  void (*el_deletestr)(EditLine *, int);
  History *(*history_init)(void);
  void (*history_end)(History *);
  int (*history)(History *, HistEvent *, int, ...);
} libedit;

/* POSIX gives functions as data pointers. */
static bool load(void *handle, const char *name, void *function) {
  void *found = dlsym(handle, name);
  memcpy(function, &found, sizeof found);
  return found != NULL;
}

static bool load_all(void *handle) {
  return load(handle, "el_init", &libedit.el_init) && load(handle, "el_end", &libedit.el_end) &&
         load(handle, "el_reset", &libedit.el_reset) && load(handle, "el_gets", &libedit.el_gets) &&
         load(handle, "el_set", &libedit.el_set) && load(handle, "el_wset", &libedit.el_wset) &&
         load(handle, "el_get", &libedit.el_get) &&
         load(handle, "el_line", &libedit.el_line) && load(handle, "el_insertstr", &libedit.el_insertstr) &&
         load(handle, "el_deletestr", &libedit.el_deletestr) && load(handle, "history_init", &libedit.history_init) &&
         load(handle, "history_end", &libedit.history_end) && load(handle, "history", &libedit.history);
}

static LineEdit *edit_of(EditLine *line) {
  void *edit = NULL;
  libedit.el_get(line, EL_CLIENTDATA, &edit);
  return edit;
}

static char *prompt_of(EditLine *line) { return (char *)(uintptr_t)edit_of(line)->prompt; }

/* One character; ends when a signal came. Bytes are put together here, since libedit's own reader restarts reads. */
static int read_character(EditLine *line, wchar_t *out) {
  mbstate_t state;
  memset(&state, 0, sizeof state);
  (void)line;
  for (;;) {
    char byte;
    if (!interrupt_wait(STDIN_FILENO, POLLIN)) return -1;
    ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return (int)count;
    size_t used = mbrtowc(out, &byte, 1, &state);
    if (used == (size_t)-2) continue;
    if (used == (size_t)-1) *out = L'?';
    if (used == 0) *out = 0;
    return 1;
  }
}

static size_t common_length(const Completion *completion) {
  size_t length = completion->words[0].len;
  for (size_t i = 1; i < completion->count; i++) {
    size_t same = 0;
    Str word = completion->words[i];
    while (same < length && same < word.len && word.data[same] == completion->words[0].data[same]) same++;
    length = same;
  }
  return length;
}

static void list_words(const Completion *completion) {
  size_t width = 1, shown = completion->count < LISTED_MAX ? completion->count : LISTED_MAX;
  for (size_t i = 0; i < shown; i++)
    if (completion->words[i].len + 2 > width) width = completion->words[i].len + 2;
  size_t columns = width < 78 ? 78 / width : 1;
  for (size_t i = 0; i < shown; i++)
    printf("%s%-*.*s", i % columns ? "" : "\n", (int)width, STR_ARG(completion->words[i]));
  printf(shown < completion->count ? "\n… %zu more\n" : "\n", completion->count - shown);
  fflush(stdout);
}

static int characters_of(Str text) {
  int count = 0;
  for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
  return count;
}

/* Tab: puts in what all words have in common; where that is nothing new, lists them. */
static unsigned char complete(EditLine *line, int key) {
  LineEdit *edit = edit_of(line);
  const LineInfo *info = libedit.el_line(line);
  (void)key;
  edit->completion.count = 0;
  edit->completion.replaced = 0;
  edit->complete(edit->self, str_make(info->buffer, (size_t)(info->cursor - info->buffer)), &edit->completion);
  const Completion *completion = &edit->completion;
  if (!completion->count) return CC_REFRESH_BEEP;
  Str before = str_make(info->cursor - completion->replaced, completion->replaced);
  Str common = str_make(completion->words[0].data, common_length(completion));
  if (completion->count > 1 && common.len <= before.len) {
    list_words(completion);
    return CC_REDISPLAY;
  }
  Buf text = {0};
  buf_str(&text, common);
  if (completion->count == 1 && common.len && common.data[common.len - 1] != '(') buf_char(&text, ' ');
  buf_put(&text, "", 1);
  libedit.el_deletestr(line, characters_of(before));
  bool fits = libedit.el_insertstr(line, text.data) == 0;
  buf_free(&text);
  return fits ? CC_REFRESH : CC_ERROR;
}

static bool open_libedit(LineEdit *edit) {
  static const char *const names[] = {"libedit.so.2", "libedit.so.0", "libedit.so", "libedit.3.dylib", "libedit.dylib"};
  HistEvent event;
  for (size_t i = 0; i < sizeof names / sizeof *names && !edit->handle; i++)
    edit->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!edit->handle || !load_all(edit->handle)) return false;
  setlocale(LC_CTYPE, "");
  edit->line = libedit.el_init("dcetl", stdin, stdout, stderr);
  edit->history = libedit.history_init();
  if (!edit->line || !edit->history) return false;
  libedit.el_set(edit->line, EL_CLIENTDATA, edit);
  libedit.el_set(edit->line, EL_PROMPT, prompt_of);
  libedit.el_set(edit->line, EL_EDITOR, "emacs");
  libedit.el_set(edit->line, EL_GETCFN, read_character);
  libedit.el_set(edit->line, EL_HIST, libedit.history, edit->history);
  /* The wide form keeps the texts; the narrow one makes copies that are never freed. */
  libedit.el_wset(edit->line, EL_ADDFN, L"dcetl-complete", L"complete a word", complete);
  libedit.el_set(edit->line, EL_BIND, "^I", "dcetl-complete", NULL);
  libedit.el_set(edit->line, EL_BIND, "^R", "em-inc-search-prev", NULL);
  libedit.history(edit->history, &event, H_SETSIZE, HISTORY_MAX);
  libedit.history(edit->history, &event, H_SETUNIQUE, 1);
  if (edit->history_path) libedit.history(edit->history, &event, H_LOAD, edit->history_path);
  return true;
}

static LineResult read_edited(LineEdit *edit, const char *prompt, Buf *line) {
  int count = 0;
  edit->prompt = prompt;
  const char *text = libedit.el_gets(edit->line, &count);
  if (interrupt_asked()) {
    libedit.el_reset(edit->line);
    return LINE_INTERRUPTED;
  }
  if (!text || count <= 0) return LINE_END;
  Str got = str_make(text, strlen(text));
  while (got.len && (got.data[got.len - 1] == '\n' || got.data[got.len - 1] == '\r')) got.len--;
  buf_str(line, got);
  return LINE_READ;
}

/* The library itself stays until the process ends: the terminal library below it keeps memory of its own. */
static void close_libedit(LineEdit *edit) {
  HistEvent event;
  if (edit->history && edit->history_path) libedit.history(edit->history, &event, H_SAVE, edit->history_path);
  if (edit->line) libedit.el_end(edit->line);
  if (edit->history) libedit.history_end(edit->history);
}

void line_edit_remember(LineEdit *edit, Str line) {
  HistEvent event;
  if (!edit->history || !line.len) return;
  Buf text = {0};
  secrets_note_text(line);
  buf_str(&text, line);
  secret_mask(&text, 0); /* the history is a file */
  buf_put(&text, "", 1);
  libedit.history(edit->history, &event, H_ENTER, text.data);
  buf_free(&text);
}

void line_edit_history(LineEdit *edit, void (*visit)(void *self, const char *line), void *self) {
  HistEvent event;
  if (!edit->history) return;
  int found = libedit.history(edit->history, &event, H_LAST);
  for (; found >= 0; found = libedit.history(edit->history, &event, H_PREV)) visit(self, event.str);
}
#else
static bool open_libedit(LineEdit *edit) {
  (void)edit;
  return false;
}
static LineResult read_edited(LineEdit *edit, const char *prompt, Buf *line) {
  (void)edit, (void)prompt, (void)line;
  return LINE_END;
}
static void close_libedit(LineEdit *edit) { (void)edit; }
void line_edit_remember(LineEdit *edit, Str line) { (void)edit, (void)line; }
void line_edit_history(LineEdit *edit, void (*visit)(void *self, const char *line), void *self) {
  (void)edit, (void)visit, (void)self;
}
#endif

LineEdit *line_edit_new(CompleteFn complete_with, void *self, const char *history) {
  LineEdit *edit = dc_alloc(sizeof *edit);
  const char *kind = getenv("TERM");
  edit->terminal = isatty(STDIN_FILENO) != 0;
  edit->complete = complete_with;
  edit->self = self;
  edit->history_path = history;
  bool simple = !isatty(STDOUT_FILENO) || !kind || !*kind || strcmp(kind, "dumb") == 0;
  if (edit->terminal && !simple && !open_libedit(edit)) {
    close_libedit(edit);
    edit->line = NULL;
    edit->history = NULL;
    edit->handle = NULL;
  }
  return edit;
}

void line_edit_free(LineEdit *edit) {
  if (!edit) return;
  close_libedit(edit);
  dc_free(edit->completion.words);
  buf_free(&edit->pending);
  dc_free(edit);
}

bool line_edit_is_terminal(const LineEdit *edit) { return edit->terminal; }

/* Moves a line from what was read before; at the end of the input what is left counts as one. */
static bool take_line(LineEdit *edit, Buf *line) {
  Str rest = str_make(edit->pending.data + edit->taken, edit->pending.len - edit->taken);
  const char *end = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
  if (!end && !(edit->ended && rest.len)) return false;
  Str text = end ? str_make(rest.data, (size_t)(end - rest.data)) : rest;
  edit->taken += text.len + (end != NULL);
  if (text.len && text.data[text.len - 1] == '\r') text.len--;
  buf_str(line, text);
  return true;
}

static LineResult read_plain(LineEdit *edit, const char *prompt, Buf *line) {
  enum { BLOCK = 64 << 10 };
  if (edit->terminal) {
    fputs(prompt, stdout);
    fflush(stdout);
  }
  while (!take_line(edit, line)) {
    if (edit->ended) return LINE_END;
    if (!interrupt_wait(STDIN_FILENO, POLLIN)) return LINE_INTERRUPTED;
    if (edit->taken) memmove(edit->pending.data, edit->pending.data + edit->taken, edit->pending.len - edit->taken);
    edit->pending.len -= edit->taken;
    edit->taken = 0;
    buf_reserve(&edit->pending, BLOCK);
    ssize_t count = read(STDIN_FILENO, edit->pending.data + edit->pending.len, BLOCK);
    if (count > 0) edit->pending.len += (size_t)count;
    else if (count == 0 || (errno != EINTR && errno != EAGAIN)) edit->ended = true;
  }
  return LINE_READ;
}

LineResult line_edit_read(LineEdit *edit, const char *prompt, Buf *line) {
  line->len = 0;
  if (interrupt_asked()) return LINE_INTERRUPTED;
  return edit->handle ? read_edited(edit, prompt, line) : read_plain(edit, prompt, line);
}
