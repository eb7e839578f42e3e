/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how libhdf5's global state is taken and given back. */
#include "formats/hdf5_library.h"

#include <pthread.h>
#include <string.h>

#include "base/context.h"

/* libhdf5 is one piece of global state, also where it was built for threads; this is the lock around our uses of it.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void c2s_hdf5_lock(void)
{
    pthread_mutex_lock(&lock);
}

void c2s_hdf5_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

cnn2snn_status c2s_hdf5_enter(cnn2snn_context *context, struct c2s_hdf5_session *session, cnn2snn_error **error)
{
    c2s_hdf5_lock();
    if (H5open() < 0 || H5Eget_auto2(H5E_DEFAULT, &session->print, &session->print_data) < 0 ||
        H5PLget_loading_state(&session->plugins) < 0) {
        c2s_hdf5_unlock();
        return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-hdf5", "libhdf5 can't be initialised");
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
    return CNN2SNN_OK;
}

void c2s_hdf5_leave(struct c2s_hdf5_session *session)
{
    H5Eclear2(H5E_DEFAULT);
    H5PLset_loading_state(session->plugins);
    H5Eset_auto2(H5E_DEFAULT, session->print, session->print_data);
    c2s_hdf5_unlock();
}

/* The walk goes from the innermost fault outwards: the first one counts. */
static herr_t keep_first(unsigned n, const H5E_error2_t *fault, void *user_data)
{
    char *text = user_data;
    if (n == 0 && fault->desc)
        strncat(text, fault->desc, 199);
    return 0;
}

cnn2snn_status c2s_hdf5_error(cnn2snn_context *context, cnn2snn_error **error, cnn2snn_status code, const char *path,
                              const char *what)
{
    char reason[200] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    H5Eclear2(H5E_DEFAULT);
    for (char *c = reason; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    return c2s_error(context, error, code, "F-hdf5", "%s%s%s%s%s%s", path, *path ? ": " : "", what,
                     *reason ? " (libhdf5: " : "", reason, *reason ? ")" : "");
}
