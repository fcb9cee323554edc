/* az_account.h - whose account of Azure it is, and who asks. */
#ifndef MODULES_NET_AZ_ACCOUNT_H
#define MODULES_NET_AZ_ACCOUNT_H

#include "net.h"

typedef struct AzAccount {
  char *name, *key;  /* NULL key: by another way */
  char *signature;   /* a shared access signature: parameters of the query, without "?" */
  char *endpoint;    /* "https://name.blob.core.windows.net" */
  char *prefix;      /* the path behind it, without / at its end */
  pthread_mutex_t lock; /* over the token */
  Token token;
  bool fixed, looked;
} AzAccount;

/* From parameters (access_key: the account, secret_key: its key, token: a signature or a bearer's token), else from the environment. */
int az_account_open(RemoteStore *store, AzAccount *account, RemoteError *error);
void az_account_free(AzAccount *account);
/* With the lock: a token, where there is neither key nor signature; without one, nobody asks. */
int az_account_token(RemoteStore *store, AzAccount *account, RemoteError *error);

#endif
