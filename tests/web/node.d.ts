/** What our pages shall not see is not checked here either: the modules of Node, which only tests import. */
declare module "node:*";
