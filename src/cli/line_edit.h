/* line_edit.h - lines from a user: with editing, history and completion on a terminal, plain from anything else.
 *
 * Editing is libedit's, opened when the first line is read from a terminal. Where it is missing, lines are plain.
 */
#ifndef CLI_LINE_EDIT_H
#define CLI_LINE_EDIT_H

#include "base/mem.h"

typedef enum LineResult { LINE_READ, LINE_END, LINE_INTERRUPTED } LineResult;

/* The words that may stand at the end of `before`: fills words (texts that live until the next call) and says how many
   bytes at the end of `before` they replace. */
typedef struct Completion {
  Str *words;
  size_t count, cap;
  size_t replaced;
} Completion;
typedef void (*CompleteFn)(void *self, Str before, Completion *out);

typedef struct LineEdit LineEdit;

/* history: the path of the history file; NULL: none. A file that cannot be read or written is no error. */
LineEdit *line_edit_new(CompleteFn complete, void *self, const char *history);
void line_edit_free(LineEdit *edit); /* saves the history */
/* Is a user there, at a terminal? */
bool line_edit_is_terminal(const LineEdit *edit);
/* The next line, without its line end, into *line (emptied first). A signal gives LINE_INTERRUPTED. The prompt is shown
   on a terminal only. */
LineResult line_edit_read(LineEdit *edit, const char *prompt, Buf *line);
/* Puts a line into the history. */
void line_edit_remember(LineEdit *edit, Str line);
/* Calls visit for the lines of the history, oldest first. */
void line_edit_history(LineEdit *edit, void (*visit)(void *self, const char *line), void *self);

#endif
