/// <reference types="vite/client" />

import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Needs a session; without one the visitor is led to the login and back. */
    auth?: boolean
    /** Needs one of these roles beside the session. */
    roles?: string[]
    /** Key of the page's title in the messages. */
    title?: string
  }
}
