// A shop's page as any frontend developer writes it: Segment's library sends, a GraphQL subscription shows.
// The test that serves it puts what it needs into window.shop.
import { AnalyticsBrowser } from "@segment/analytics-next";
import { createClient } from "graphql-ws";

const { host, graphql, writeKey, apiKey, cookie, user, email } = window.shop;

const JOURNEY = `subscription Journey($cookie: String!, $after: String) {
  journeyTouchpoints(identifier: {namespace: "anonymous_id", value: $cookie}, after: $after) {
    cursor node { messageId type event }
  }
}`;

// Without a CDN: the settings that it would hand out are given here.
const analytics = new AnalyticsBrowser();
analytics.load(
  {
    writeKey,
    cdnSettings: { integrations: { "Segment.io": { apiKey: writeKey, apiHost: host, protocol: "http" } } },
  },
  { integrations: { "Segment.io": { apiHost: host, protocol: "http" } }, retryQueue: true },
);
analytics.setAnonymousId(cookie);

const state = document.getElementById("state");
const journey = document.getElementById("journey");
const told = [];
let clickedAt = null;
window.told = told;

const client = createClient({ url: graphql, connectionParams: { authorization: `Bearer ${apiKey}` } });
let after = null;
client.subscribe(
  { query: JOURNEY, variables: { cookie, after } },
  {
    next({ data, errors }) {
      if (errors) {
        state.textContent = JSON.stringify(errors);
        return;
      }
      const { cursor, node } = data.journeyTouchpoints;
      after = cursor;
      const line = document.createElement("li");
      line.textContent = `${node.type} ${node.messageId}`;
      line.id = `touchpoint-${node.messageId}`;
      journey.append(line);
      told.push({ id: node.messageId, type: node.type, afterClickMs: clickedAt === null ? null : performance.now() - clickedAt });
    },
    error(error) {
      state.textContent = error instanceof Error ? error.message : JSON.stringify(error.reason || error);
    },
    complete() {
      state.textContent = "complete";
    },
  },
);

document.getElementById("sign-in").addEventListener("click", () => {
  clickedAt = performance.now();
  analytics.identify(user, { email });
  analytics.track("Signed In");
});

window.browse = (name) => analytics.page(name);
