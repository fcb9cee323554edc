/* helper.h - a second process of this program for work that may crash: libraries that trust the bytes they read. What
 * happens to the helper is an error of the run, not its end.
 *
 * Program and helper talk in turns, by messages of a fixed size over a socket; data goes through memory that both see.
 * The helper is the program itself, started once more with the option --helper WORK. Its standard input and outputs are
 * /dev/null, keys of the terminal do not reach it, it leaves no core file, and it ends when the program does. One thread
 * uses a Helper at a time, not always the same.
 */
#ifndef BASE_HELPER_H
#define BASE_HELPER_H

#include "base/error.h"

typedef struct Helper Helper;

typedef struct HelperMessage {
  uint32_t kind, number; /* what they mean is agreed upon by those who talk */
  uint64_t size, offset;
} HelperMessage;

/* How long a helper may take for an answer: milliseconds of its processor, and of waiting in which it computes nothing. */
enum { HELPER_BUSY = 60 * 1000, HELPER_IDLE = 300 * 1000 };

/* --- In the program --- */

/* Starts a helper for the work of that name. */
DcCode helper_start(const char *work, Helper **out, DcError *err) DC_MUST_CHECK;
/* Other limits than HELPER_BUSY and HELPER_IDLE. */
void helper_set_limits(Helper *helper, int64_t busy, int64_t idle);
/* Kills it, also in the middle of work, and waits for its end; NULL is fine. */
void helper_stop(Helper *helper);

/* --- In the helper --- */

/* The side of the process that was started by helper_start; an error if it was not. Never freed. */
DcCode helper_inside(Helper **out, DcError *err) DC_MUST_CHECK;

/* --- On both sides --- */

/* In the program, the helper's end is an error that tells how it ended, as what is said of it: "crashed (Segmentation
   fault)"; nothing but helper_stop is allowed then. So is a helper that takes too long. The wish of a signal that the run
   ends is DC_INTERRUPTED. In the helper, the end of the program ends the process. */
DcCode helper_send(Helper *helper, const HelperMessage *message, DcError *err) DC_MUST_CHECK;
DcCode helper_receive(Helper *helper, HelperMessage *out, DcError *err) DC_MUST_CHECK;

/* At least so many bytes of the memory that both see, at any address. Its size grows by the helper's calls only; at first it
   is HELPER_MEMORY. What is in it stays; pointers into it are good until the next call. */
enum { HELPER_MEMORY = 1 << 20 };
DcCode helper_memory(Helper *helper, uint64_t size, void **out, DcError *err) DC_MUST_CHECK;

#endif
