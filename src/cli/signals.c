/* signals.c - the only global of the program outside of base/: the number of the signal that asked for the end. */
#include "cli/signals.h"

#include <signal.h>
#include <string.h>

#include "base/interrupt.h"

static volatile sig_atomic_t caught;

static void on_signal(int number) {
  caught = number;
  interrupt_set();
}

/* No SA_RESTART: a read that waits is to end. */
void signals_catch(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int signals_caught(void) { return (int)caught; }

void signals_forget(void) {
  caught = 0;
  interrupt_clear();
}
