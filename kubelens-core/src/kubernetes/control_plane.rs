use super::{Condition, LabelSelector, List, ObjectMeta, Text};

slim! {
    /// admissionregistration/v1 ValidatingWebhookConfiguration.
    pub struct ValidatingWebhookConfiguration {
        pub metadata: ObjectMeta,
        pub webhooks: List<Webhook>,
    }

    /// admissionregistration/v1 MutatingWebhookConfiguration.
    pub struct MutatingWebhookConfiguration {
        pub metadata: ObjectMeta,
        pub webhooks: List<Webhook>,
    }

    pub struct Webhook {
        pub name: Text,
        pub client_config: WebhookClientConfig,
        pub failure_policy: Text,
        pub rules: List<WebhookRule>,
        pub namespace_selector: Option<LabelSelector>,
        pub object_selector: Option<LabelSelector>,
        pub timeout_seconds: Option<i64>,
    }

    pub struct WebhookClientConfig {
        pub url: Text,
        pub service: Option<ServiceReference>,
        pub ca_bundle: Text,
    }

    pub struct ServiceReference {
        pub namespace: Text,
        pub name: Text,
        pub path: Text,
        pub port: Option<i64>,
    }

    pub struct WebhookRule {
        pub operations: List<Text>,
        pub api_groups: List<Text>,
        pub api_versions: List<Text>,
        pub resources: List<Text>,
        pub scope: Text,
    }

    /// apiregistration/v1 APIService.
    pub struct APIService {
        pub metadata: ObjectMeta,
        pub spec: APIServiceSpec,
        pub status: ConditionsStatus,
    }

    pub struct APIServiceSpec {
        pub service: Option<ServiceReference>,
        pub group: Text,
        pub version: Text,
    }

    pub struct ConditionsStatus {
        pub conditions: List<Condition>,
    }

    /// apiextensions/v1 CustomResourceDefinition.
    pub struct CustomResourceDefinition {
        pub metadata: ObjectMeta,
        pub spec: CustomResourceDefinitionSpec,
        pub status: CustomResourceDefinitionStatus,
    }

    pub struct CustomResourceDefinitionSpec {
        pub group: Text,
        pub scope: Text,
        pub names: CustomResourceNames,
        pub versions: List<CustomResourceVersion>,
        pub conversion: Option<Conversion>,
    }

    pub struct CustomResourceNames {
        pub kind: Text,
        pub plural: Text,
    }

    pub struct CustomResourceVersion {
        pub name: Text,
        pub served: bool,
        pub storage: bool,
        pub deprecated: bool,
        pub subresources: Option<Subresources>,
    }

    pub struct Subresources {
        pub scale: Option<ScaleSubresource>,
    }

    pub struct ScaleSubresource {
        pub spec_replicas_path: Text,
    }

    pub struct Conversion {
        pub strategy: Text,
        pub webhook: Option<ConversionWebhook>,
    }

    pub struct ConversionWebhook {
        pub client_config: WebhookClientConfig,
    }

    pub struct CustomResourceDefinitionStatus {
        pub conditions: List<Condition>,
        pub stored_versions: List<Text>,
    }

    /// certificates/v1 CertificateSigningRequest.
    pub struct CertificateSigningRequest {
        pub metadata: ObjectMeta,
        pub spec: CertificateSigningRequestSpec,
        pub status: ConditionsStatus,
    }

    pub struct CertificateSigningRequestSpec {
        pub signer_name: Text,
        pub username: Text,
    }
}
