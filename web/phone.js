/** What pages name: this file makes `<xswitch-phone>` known to the browser. */

export * from "./phone/element.js";
