/* stage_commit.c - moves staged output in place, and back if that fails half-way.
 *
 * One commit at a time in a folder: the plan must not change under it. A commit of more than one step is written down
 * before the first (stage_journal.h). The order with options.force: files and folders of the stage, the journal, the
 * moves, the folders they changed, then the journal goes.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/stage_internal.h"
#include "io/sync.h"

static DcCode force_staged(Stage *stage, DcError *err) {
  char *staged = stage_path(stage, "new", "");
  if (!sync_tree(staged)) dc_fail_errno(err, errno, "cannot force the outputs in %s to the disk", stage->root);
  dc_free(staged);
  return err->code;
}

/* The folder for what is replaced, and the journal. */
static DcCode prepare(Stage *stage, Journal *journal, DcError *err) {
  DC_TRY(stage_make_folder(stage, err)); /* nothing may be staged: datasets without parts */
  journal->folder = stage->folder;
  char *old = stage_path(stage, "old", "");
  if (!folder_make(old)) dc_fail_errno(err, errno, "cannot write to folder %s", stage->base);
  dc_free(old);
  if (err->code == DC_OK && !journal_save(journal)) return dc_fail_errno(err, errno, "cannot write to folder %s", stage->base);
  return err->code;
}

static DcCode make_moves(Stage *stage, Journal *journal, DcError *err) {
  bool saved = journal_has_steps(journal) || (journal->count && journal->moves[0].kind == MOVE_ASIDE);
  if (saved) DC_TRY(prepare(stage, journal, err));
  DcCode code = journal_run(journal, err);
  if (code == DC_OK && saved && !journal_remove(journal)) code = dc_fail_errno(err, errno, "cannot change folder %s", stage->folder);
  if (code == DC_OK || journal_undo(journal)) return code;
  dc_hint(err, "what could not be put back is in %s; the next run that reads or writes there tries again", stage->folder);
  stage->keep = true;
  stage_lock_keep(stage->claims);
  return code;
}

DcCode stage_move_in_place(Stage *stage, DcError *err) {
  DC_TRY(stage_open_claims(stage, err));
  if (stage->options.force && stage->folder) DC_TRY(force_staged(stage, err));
  Journal journal = {.base = stage->base, .folder = stage->folder, .durable = stage->options.force};
  if (stage->claims) DC_TRY(stage_lock_commit(stage->claims, err));
  DcCode code = stage_plan(stage, &journal, err);
  if (code == DC_OK && journal.count) code = make_moves(stage, &journal, err);
  journal_free(&journal);
  if (stage->claims) stage_lock_committed(stage->claims);
  return code;
}
