/* stage_journal.h - the moves of a commit, as a list in memory and as a file that outlives a kill.
 *
 * A stage folder holds `new` (what was written), `old` (what it replaced), and while a commit of more than one step is
 * on its way `journal`, the list of all its moves; `back` in place of that while they are taken back. With it whoever
 * comes next brings a commit to its end that was cut off: forward from `journal`, back from `back`. Each move can be
 * told done from not done by what lies where, so none is done twice.
 *
 * The file: "dcetl journal 1\n", then for each move a letter and fields, each ended by NUL; at the end 16 hex digits of
 * the XXH3 of all before. A file that is cut short or changed is known by that, and never followed.
 */
#ifndef IO_STAGE_JOURNAL_H
#define IO_STAGE_JOURNAL_H

#include "base/error.h"
#include "base/mem.h"

typedef enum MoveKind {
  MOVE_PLACE = 'P', /* the staged file or folder goes to the target, where there is nothing */
  MOVE_ASIDE = 'A', /* the target goes to the stage, under a name in `old` */
  MOVE_SWAP = 'S',  /* the staged one goes to the target, what was there to the stage; in one step where the system can */
} MoveKind;

typedef struct Move {
  MoveKind kind;
  char *staged;   /* below the stage folder: "new/a/part-00000", "old/3" */
  char *target;   /* below the base */
  uint64_t inode; /* of what is staged: how it is known again. MOVE_ASIDE: 0 */
} Move;

typedef struct Journal {
  const char *base;   /* the folder that targets are below; lent */
  const char *folder; /* the stage folder; lent */
  bool durable;       /* force moves to the disk */
  Move *moves;
  size_t count, cap;
  size_t done; /* moves that have been made, for the way back */
} Journal;

/* Copies its texts. */
void journal_add(Journal *journal, MoveKind kind, const char *staged, const char *target, uint64_t inode);
void journal_free(Journal *journal);
/* May another process see a state between old and new? Then the file is needed. */
bool journal_has_steps(const Journal *journal);

/* Writes the file `journal`; false: errno. */
bool journal_save(const Journal *journal);
/* Reads `journal` (*forward = true) or `back`; *found = false: the folder has neither. Frees nothing of journal. */
DcCode journal_load(Journal *journal, bool *found, bool *forward, DcError *err) DC_MUST_CHECK;
/* Removes the file: the commit is over. false: errno. */
bool journal_remove(const Journal *journal);

/* Makes all moves that have not been made. The error names the target. Stops at the first failure. */
DcCode journal_run(Journal *journal, DcError *err) DC_MUST_CHECK;
/* Takes back what has been made, from the end; marks that in the file first, if there is one, and removes it at last.
   What cannot be taken back stays where it is: false then, and the file stays, too. */
bool journal_undo(Journal *journal);

#endif
